-- Rules
alter table release add column files jsonb not null default '{}';
comment on column release.files is 'the site''s own rule files that made it: name -> text; the others come with the installation';

create table release_activation (
    id uuid primary key,
    release_id integer not null references release,
    before integer references release,
    at timestamptz not null default clock_timestamp(),
    by text not null,
    reason text not null default ''
);
create index release_activation_of on release_activation (release_id, id desc);

alter table target add column shape_seq bigint not null default 0;
comment on column target.shape_seq is 'until done_seq has reached it the whole record is sent: the mapping writes it in another shape';

-- Stores
create index reference_of_parent on reference (parent, field, child);
drop index reference_by_parent;
comment on index reference_of_parent is 'children of one parent in the order of their making: what a store sold since this morning';
-- With the record beside its cluster, so that the records of an order are found without reading them.
drop index record_by_cluster;
create index record_by_cluster on record (cluster, rid);

-- Lists of the console that name a connection, a state or repeats, however many rows stand beside those.
create index event_by_connection on event (connection_id, id);
create index golden_gone on golden (realm, kind, lifecycle, id) where lifecycle <> 'active';
create index event_key_repeated on event_key (event_id) where duplicates > 0;
create index attempt_by_connection on attempt (connection_id, id);
create index attempt_failed on attempt (connection_id, id) where outcome in ('failed', 'unknown');
create index record_by_connection on record (connection_id, kind, cluster);
-- What waits or is open at one connection, counted without reading what waits at the others.
create index event_work_waiting on event_work (connection_id, id) where state = 0;
create index target_open_at on target (connection_id, state) where state <> 'due';
-- With what is asked of all that is due or held, so that the rows need not be read for it.
drop index target_held;
create index target_held on target (plan_id) include (connection_id, state, realm) where plan_id is not null;
drop index target_due;
create index target_due on target (connection_id, bulk, coalesce(wait_until, dirty_at)) include (dirty_at, wait_until, failures)
    where dirty_seq > done_seq and state = 'due' and plan_id is null;

alter table run add column position jsonb;
comment on column run.position is 'of a replay: what it is about (selection), how far it is (after), whether a worker is to go on (go)';
alter table run drop constraint run_type_check;
alter table run add check (type in ('pull', 'replay', 'verify', 'import', 'rehearsal', 'activation'));
alter table run add column result jsonb;
comment on column run.result is 'of a rehearsal: what a replay would change, personal values masked; of an activation: what came of it';

-- Quarantine
create table rerun (
    run_id uuid not null references run on delete cascade,
    event_id uuid not null,
    primary key (run_id, event_id)
);
create index rerun_of_event on rerun (event_id);
comment on table rerun is 'quarantined events that were run again, so that it can be said what came of each time';

-- Drift
create table drift_shape (
    connection_id integer not null references connection on delete cascade,
    stream text not null,
    version integer not null default 1,
    shape jsonb not null,
    primary key (connection_id, stream)
);
comment on table drift_shape is 'what the payloads of a stream look like: keys, types, hashes of words; no values';

create table drift (
    id uuid primary key,
    connection_id integer not null references connection on delete cascade,
    stream text not null,
    what text not null check (what in ('new', 'gone', 'type', 'value', 'null')),
    path text not null,
    state text not null default 'open' check (state in ('open', 'ignored', 'accepted', 'over')),
    mask integer not null default 0,
    words jsonb not null default '{}',
    count bigint not null default 0,
    quiet bigint not null default 0,
    first_at timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp(),
    first_event uuid,
    events uuid[] not null default '{}',
    episode uuid not null,
    decided_at timestamptz,
    decided_by text,
    reason text,
    mapped_in integer references release,
    unique (connection_id, stream, what, path)
);
create index drift_by_state on drift (state, id);
create index drift_nulled on drift (stream) where what = 'null' and state in ('open', 'over');
comment on column drift.path is 'of null: the canonical field, and stream is the kind';
comment on column drift.words is 'hash of a new word -> an event that holds it';
comment on column drift.mapped_in is 'the release in force when the rules were found to take it up, which they did not when it opened';
comment on column drift.quiet is 'how often in a row the place was as before';
comment on column drift.episode is 'new each time it opens; of null the cause of the plan that holds its writes';

create table drift_field (
    connection_id integer not null references connection on delete cascade,
    kind text not null,
    field text not null,
    seen bigint not null default 0,
    filled bigint not null default 0,
    run integer not null default 0,
    first_event uuid,
    last_key text not null default '',
    primary key (connection_id, kind, field)
);
comment on column drift_field.run is 'records in a row up to now whose source gave null';
