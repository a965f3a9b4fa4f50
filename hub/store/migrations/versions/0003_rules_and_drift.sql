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

-- Lists of the console that name a connection, a state or repeats, however many rows stand beside those.
create index event_by_connection on event (connection_id, id);
create index golden_gone on golden (realm, kind, lifecycle, id) where lifecycle <> 'active';
create index event_key_repeated on event_key (event_id) where duplicates > 0;
create index attempt_by_connection on attempt (connection_id, id);
create index attempt_failed on attempt (connection_id, id) where outcome in ('failed', 'unknown');
create index record_by_connection on record (connection_id, kind, cluster);
-- With what is asked of all that is due or held, so that the rows need not be read for it.
drop index target_held;
create index target_held on target (plan_id) include (connection_id, state, realm) where plan_id is not null;
drop index target_due;
create index target_due on target (connection_id, bulk, coalesce(wait_until, dirty_at)) include (dirty_at, wait_until, failures)
    where dirty_seq > done_seq and state = 'due' and plan_id is null;

alter table run add column position jsonb;
comment on column run.position is 'of a replay: what it is about (selection), how far it is (after), whether a worker is to go on (go)';
