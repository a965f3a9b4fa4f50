-- Ids are ULIDs stored as uuid: 48 bits of milliseconds first, so byte order is time order.

create table setting (
    key text primary key,
    value jsonb not null,
    updated_at timestamptz not null default now()
);

create table connection (
    id integer generated always as identity primary key,
    name text not null unique check (name ~ '^[^\s/:?#]{1,60}$'),
    realm text not null default 'default',
    connector text not null,
    config jsonb not null default '{}',
    flows jsonb not null default '{}',
    rank integer not null default 100,
    phase text not null default 'off' check (phase in ('off', 'reading', 'review', 'live')),
    mode text not null default 'live' check (mode in ('live', 'shadow')),
    paused_at timestamptz,
    paused_by text,
    pause_reason text,
    halted_in boolean not null default false,
    halted_out boolean not null default false,
    disconnected_at timestamptz,
    health jsonb not null default '{}',
    generation bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on column connection.flows is '{"customer": "both", "order": "in"}';
comment on column connection.rank is 'survivorship tie-break: smaller wins';
comment on column connection.generation is 'bumped by every change, so that running workers reload';

create table secret (
    connection_id integer not null references connection on delete cascade,
    name text not null,
    value bytea not null,
    active boolean not null default true,
    created_at timestamptz not null default now(),
    id bigint generated always as identity primary key
);
create index secret_by_connection on secret (connection_id, name) where active;

create table cursor (
    connection_id integer not null references connection on delete cascade,
    stream text not null,
    position jsonb,
    lease_token uuid,
    lease_until timestamptz,
    last_page_at timestamptz,
    next_poll_at timestamptz,
    full_pass_at timestamptz,
    full_pass jsonb,
    primary key (connection_id, stream)
);
comment on column cursor.full_pass is 'the last full pass: {"status", "coverage", "seen", "started_at"}';

create table run (
    id uuid primary key,
    type text not null check (type in ('pull', 'replay', 'verify', 'import')),
    connection_id integer references connection on delete cascade,
    stream text,
    status text not null default 'running' check (status in ('running', 'paused', 'done', 'failed', 'cancelled')),
    outcome text,
    coverage text check (coverage in ('complete', 'partial', 'truncated', 'skipped')),
    counts jsonb not null default '{}',
    note text,
    started_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    ended_at timestamptz
);
create index run_recent on run (started_at desc);

-- Inbox. Partitioned by id, whose first bytes are the time of receipt: one key, and every look-up
-- by id prunes to one partition.
create table event (
    id uuid not null,
    connection_id integer not null,
    topic text not null,
    origin text not null check (origin in ('webhook', 'pull', 'file')),
    lane smallint not null default 0,
    received_at timestamptz not null,
    read_at bigint not null default 0,
    full_pass uuid,
    key_no smallint,
    size integer not null,
    sha256 bytea not null,
    key_hash bytea not null,
    headers jsonb not null default '{}',
    body bytea not null,
    primary key (id)
) partition by range (id);
-- Bodies are ciphertext: compressing them is wasted work, and up to a page they stay in the row.
alter table event alter column body set storage external;
create table event_default partition of event default with (toast_tuple_target = 8160);
comment on column event.lane is '0 live, 1 bulk (backfill: a first read or an import)';
comment on column event.read_at is 'start of the request that read it, microseconds since the epoch; 0 when the system pushed it';
comment on column event.body is 'nonce, ciphertext and tag, under the key in event_secret';
comment on column event.key_hash is 'with connection_id the key of its event_key row, which counts its duplicates';
comment on column event.key_no is 'which of the active secrets verified it, 1 = newest';

create table event_key (
    connection_id integer not null,
    hash bytea not null,
    event_id uuid not null,
    duplicates integer not null default 0,
    last_duplicate_at timestamptz,
    primary key (connection_id, hash)
) with (fillfactor = 90);

create table event_secret (
    id uuid primary key,
    key bytea not null
);

create table event_work (
    id uuid primary key,
    connection_id integer not null,
    lane smallint not null default 0,
    state smallint not null default 0,
    replay boolean not null default false,
    attempts smallint not null default 0,
    alone boolean not null default false,
    cause text,
    problem jsonb,
    failed_at timestamptz
) with (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
create index event_work_due on event_work (lane, id) where state = 0 and not alone;
create index event_work_alone on event_work (attempts, lane, id) where state = 0 and alone;
create index event_work_quarantined on event_work (connection_id, cause, id) where state = 1;
comment on column event_work.state is '0 waiting, 1 quarantined; a row is deleted when its event is done';
comment on column event_work.alone is 'its batch died or failed: run it in a batch of its own';

create table batch (
    worker uuid primary key,
    events uuid[] not null,
    started_at timestamptz not null default clock_timestamp()
);

create table tally (
    at timestamptz not null default now(),
    day date not null,
    connection_id integer not null,
    stage text not null,
    n bigint not null,
    ms double precision not null default 0
);
create index tally_by_day on tally (day, stage, connection_id);
create index tally_recent on tally (at);
comment on table tally is 'append-only counts per batch; day is the day of receipt of the events counted. Compacted by the sweep.';

create function ulid_day(id uuid) returns date language sql immutable parallel safe as $$
    select (timestamp 'epoch' + (('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint) * interval '1 millisecond')::date
$$;
comment on function ulid_day is 'the UTC day on which an id was minted';

create table release (
    id integer generated always as identity primary key,
    hash bytea not null unique,
    manifest jsonb not null,
    created_at timestamptz not null default now()
);

-- Records
create table record (
    rid uuid primary key,
    realm text not null,
    connection_id integer not null references connection,
    object_type text not null,
    external_id text not null,
    kind text not null,
    cluster uuid not null,
    state smallint not null default 0,
    parked boolean not null default false,
    parked_at timestamptz,
    fold jsonb not null default '{}',
    release_id integer,
    last_event uuid,
    last_event_at timestamptz,
    created_at timestamptz not null default now(),
    unique (connection_id, object_type, external_id)
) with (fillfactor = 80);
create index record_by_cluster on record (cluster);
create index record_parked on record (parked_at) where parked;
comment on column record.state is '0 stub (referred to, not seen), 1 live, 2 deleted, 3 superseded';
comment on column record.cluster is 'smallest rid of its cluster = id of its golden record';
comment on column record.fold is 'cached fold of its versions and writes (hub.rules.register)';

create table version (
    rid uuid not null,
    major bigint not null,
    minor smallint not null,
    read_at bigint not null,
    hash bytea not null,
    event_id uuid not null,
    since bigint not null,
    weak boolean not null default false,
    ahead boolean not null default false,
    release_id integer not null,
    asserted jsonb not null,
    primary key (rid, major, minor, read_at, hash, event_id)
);
create index version_by_event on version (event_id);
comment on column version.asserted is 'field -> value or null; absent fields are not asserted';

create table write (
    rid uuid not null,
    major bigint not null,
    minor smallint not null default -1,
    seq bigint generated always as identity,
    asserted jsonb not null,
    attempt_id uuid not null,
    at timestamptz not null default now(),
    primary key (rid, major, minor, seq)
);
comment on column write.minor is '-1: stands before what is observed at the version the peer returned; 9: no version known, after all observations of the last known major';
comment on column write.asserted is 'flat (hub.rules.register.flatten)';

create table reference (
    child uuid not null,
    field text not null,
    parent uuid not null,
    primary key (child, field)
);
create index reference_by_parent on reference (parent, field);

create table match_key (
    hash bytea not null,
    rid uuid not null,
    namespace text not null,
    strength smallint not null default 0,
    guarded boolean not null default false,
    primary key (hash, rid)
);
create index match_key_by_rid on match_key (rid);
comment on column match_key.hash is '16 bytes, keyed; of realm, kind, namespace, scope and normal form';
comment on column match_key.guarded is 'links only where the names do not conflict';
comment on column match_key.strength is '0 look-up only, 1 blocks candidates, 2 links by itself';

create table hot_key (
    hash bytea primary key
);
comment on table hot_key is 'keys carried by more records than the cap: they give no evidence until they fall under it again';

create table edge (
    a uuid not null,
    b uuid not null,
    weight integer not null,
    reason jsonb not null,
    primary key (a, b),
    check (a < b)
);
create index edge_by_b on edge (b);

create table decision (
    id uuid primary key,
    realm text not null,
    kind text not null,
    type text not null check (type in ('must', 'cannot', 'pin', 'choice', 'freeze')),
    a uuid not null,
    b uuid,
    field text,
    value jsonb,
    author text not null,
    reason text not null default '',
    group_id uuid not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    revoked_by text
);
create index decision_by_a on decision (a) where revoked_at is null;
create index decision_by_b on decision (b) where revoked_at is null and b is not null;
create index decision_by_group on decision (group_id);
comment on column decision.a is 'a record, never a golden record: decisions follow their records through merge and split';

create table resolve_work (
    id bigint generated always as identity primary key,
    rid uuid not null,
    relink boolean not null default false,
    cause text not null default 'event',
    cause_id uuid
);
comment on column resolve_work.relink is 'its match keys, links or decisions changed: take the turn and re-partition';

create table golden (
    id uuid primary key,
    realm text not null,
    kind text not null,
    version integer not null default 1,
    lifecycle text not null default 'active' check (lifecycle in ('active', 'deleted', 'erased')),
    data jsonb not null,
    winners jsonb not null,
    release_id integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
) with (fillfactor = 80);
create index golden_by_kind on golden (realm, kind, id);

create table feed (
    one boolean primary key default true check (one),
    seq bigint not null default 0
);
insert into feed default values;

create table change (
    seq bigint primary key,
    golden_id uuid not null,
    realm text not null,
    kind text not null,
    type text not null check (type in ('created', 'updated', 'deleted', 'restored', 'merged', 'split', 'erased')),
    version integer not null,
    fields text[] not null default '{}',
    before jsonb,
    after jsonb,
    cause text not null default 'event',
    cause_id uuid,
    at timestamptz not null default clock_timestamp()
);
create index change_by_golden on change (golden_id, seq);
create index change_at on change using brin (at);
comment on table change is 'feed and history; seq order is commit order without gaps. A merged row names the surviving id in after.into';

create table consumer (
    name text primary key,
    position bigint not null default 0,
    updated_at timestamptz not null default now(),
    error text
);

-- Targets
create table plan (
    id uuid primary key,
    connection_id integer not null references connection on delete cascade,
    cause text not null,
    cause_id text,
    state text not null default 'held' check (state in ('counting', 'held', 'canary', 'released', 'discarded')),
    counts jsonb not null default '{}',
    samples jsonb not null default '[]',
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text
);
create unique index plan_by_cause on plan (connection_id, cause, cause_id) where state in ('counting', 'held', 'canary');
comment on column plan.state is 'counting: provisional, targets are held while its cause is being counted';

create table target (
    id uuid primary key,
    realm text not null,
    connection_id integer not null references connection on delete cascade,
    object_type text not null,
    kind text not null,
    owner_rid uuid not null,
    rid uuid,
    dirty_seq bigint not null default 1,
    done_seq bigint not null default 0,
    state text not null default 'due' check (state in ('due', 'unknown', 'dead', 'dropped')),
    plan_id uuid references plan on delete set null,
    wait_until timestamptz,
    waiting_for uuid,
    verify_at timestamptz,
    lease_until timestamptz,
    lease_token bigint not null default 0,
    failures smallint not null default 0,
    error jsonb,
    wanted jsonb,
    dirty_at timestamptz not null default now(),
    done_at timestamptz,
    cause text not null default 'event',
    cause_id uuid,
    unique (connection_id, object_type, owner_rid)
) with (fillfactor = 75);
create unique index target_by_rid on target (rid) where rid is not null;
create index target_by_owner on target (owner_rid);
create index target_due on target (connection_id, coalesce(wait_until, dirty_at))
    where dirty_seq > done_seq and state = 'due' and plan_id is null;
create index target_waiting on target (waiting_for) where waiting_for is not null;
create index target_verify on target (connection_id, verify_at) where verify_at is not null;
create index target_held on target (plan_id) where plan_id is not null;
create index target_open on target (state, id) where state <> 'due';
create index target_wanted on target (connection_id) where wanted is not null;
comment on column target.waiting_for is 'a record of the parent that has no external id at the connection yet';
comment on column target.rid is 'the peer''s record; null until it is created or found there';
comment on column target.wanted is 'mode shadow: what would be sent';

create table attempt (
    id uuid primary key,
    target_id uuid not null,
    connection_id integer not null,
    action text not null check (action in ('create', 'update', 'delete', 'read', 'find')),
    idempotency_key text not null,
    asserted jsonb not null default '{}',
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    outcome text,
    error jsonb,
    version text,
    cause text,
    cause_id uuid
);
create index attempt_by_target on attempt (target_id, id);
create index attempt_unaccounted on attempt (target_id) where outcome is null or outcome = 'unknown';
comment on column attempt.outcome is 'null under way, sent, failed, not_sent, unknown; after a look: applied, not_applied';
comment on table attempt is 'committed before the call (the intent), completed after it';

-- People
create table item (
    id uuid primary key,
    realm text not null,
    type text not null,
    cause_key text not null unique,
    kind text,
    rid uuid,
    connection_id integer references connection on delete cascade,
    state text not null default 'open' check (state in ('open', 'snoozed', 'resolved')),
    severity smallint not null default 1,
    count bigint not null default 1,
    data jsonb not null default '{}',
    owner text,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    snoozed_until timestamptz,
    resolved_at timestamptz,
    resolved_by text,
    resolution jsonb
);
create index item_open on item (type, last_at desc) where state <> 'resolved';
create index item_by_rid on item (rid) where rid is not null;
comment on column item.cause_key is 'one cause, one row: a repeat raises count and last_at, and reopens a resolved one';

create table person (
    id uuid primary key,
    name text not null unique,
    password text not null,
    language text not null default 'zh',
    time_zone text not null default 'Asia/Shanghai',
    created_at timestamptz not null default now(),
    disabled_at timestamptz,
    must_change boolean not null default false
);
comment on table person is 'a user of the console (user is a reserved word in SQL)';

create table role_grant (
    person_id uuid not null references person on delete cascade,
    role text not null,
    realm text not null default '*',
    locations text[] not null default '{}',
    primary key (person_id, role, realm)
);

create table session (
    hash bytea primary key,
    person_id uuid not null references person on delete cascade,
    csrf text not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    agent text
);

create table login_attempt (
    name_hash bytea not null,
    address_hash bytea not null,
    at timestamptz not null default clock_timestamp()
);
create index login_attempt_recent on login_attempt (at);

create table token (
    id uuid primary key,
    hash bytea not null unique,
    name text not null,
    role text not null,
    realm text not null default '*',
    created_by text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    seen_at timestamptz
);

create table idempotency (
    token_id uuid not null,
    key text not null,
    request_hash bytea not null,
    status integer,
    response bytea,
    created_at timestamptz not null default now(),
    primary key (token_id, key)
);

create table audit (
    seq bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null,
    act text not null,
    object text not null default '',
    reason text not null default '',
    detail jsonb not null default '{}',
    previous bytea,
    hash bytea
);

-- A record of a few kilobytes stays in its row as it is: compressing it (pglz) costs more than the
-- rest of the insert, and each is written four times (observation, fold, golden record, feed).
alter table record set (toast_tuple_target = 8160);
alter table version set (toast_tuple_target = 8160);
alter table golden set (toast_tuple_target = 8160);
alter table change set (toast_tuple_target = 8160);
