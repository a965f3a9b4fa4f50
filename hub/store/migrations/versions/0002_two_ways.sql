-- Accounts
create table access_token (
    connection_id integer not null references connection on delete cascade,
    name text not null,
    sealed bytea,
    expires_at timestamptz,
    generation bigint not null default 0,
    basis bytea,
    refreshed_at timestamptz,
    error jsonb,
    failed_at timestamptz,
    primary key (connection_id, name)
);
comment on table access_token is 'short-lived tokens, shared by all processes; the one who refreshes holds the row';
comment on column access_token.basis is 'hash of the settings and the numbers of the secrets it was issued for: other ones, another token';

create table subscription (
    connection_id integer not null references connection on delete cascade,
    topic text not null,
    address text not null default '',
    state text not null,
    expires_at timestamptz,
    checked_at timestamptz not null default now(),
    renewed_at timestamptz,
    error text,
    primary key (connection_id, topic)
);
comment on table subscription is 'what the system says that it will send us, as last asked';

-- People
create table alert (
    id uuid primary key,
    cause_key text not null,
    type text not null,
    severity smallint not null default 1,
    connection_id integer references connection on delete cascade,
    state text not null default 'open' check (state in ('open', 'acknowledged', 'snoozed', 'closed')),
    count bigint not null default 1,
    data jsonb not null default '{}',
    owner text,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    snoozed_until timestamptz,
    closed_at timestamptz,
    closed_by text
);
create unique index alert_by_cause on alert (cause_key) where state <> 'closed';
create index alert_open on alert (severity desc, last_at desc) where state <> 'closed';
create index alert_closed on alert (closed_at desc) where state = 'closed';
comment on table alert is 'one cause, one row, for as long as the condition lasts; a later return is a new row';

create table reveal (
    id uuid primary key,
    at timestamptz not null default clock_timestamp(),
    person text not null,
    kind text not null,
    subject uuid not null,
    field text not null,
    reason text not null
);
create index reveal_at on reveal (at desc);
create index reveal_by_subject on reveal (subject, at desc);
comment on table reveal is 'access log: who saw which personal field in clear, and why; never the value';

create table draft (
    id uuid primary key,
    person_id uuid not null references person on delete cascade,
    connector text not null,
    name text not null default '',
    step smallint not null default 1,
    settings jsonb not null default '{}',
    sealed_secrets bytea,
    connection_id integer references connection on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table draft is 'a connection that is being set up in the console; goes when it is finished or after 30 days';

-- The trail is read by time, by who acted and by what was acted on.
create index audit_at on audit (at);
create index audit_by_act on audit (act, seq);
create index audit_by_actor on audit (actor, seq);
create index audit_by_object on audit (object, seq) where object <> '';

-- Runs that people ask for, and stop
alter table run add column wish text check (wish in ('pause', 'cancel'));
alter table run add column total bigint;
comment on column run.wish is 'what somebody asked of a running one; it obeys after the page at hand';
comment on column run.total is 'how many items there are, where the system says so';
alter table cursor add column request jsonb;
comment on column cursor.request is 'what was asked of the next reading: {"run", "full", "since"}; goes when it is done';
create index run_of_connection on run (connection_id, id desc);

-- The path
alter table resolve_work add column full_pass uuid;
comment on column resolve_work.full_pass is 'the pass over a whole stream that it came from: what that would send to others is held and counted';

-- A record's whole history of rulings, revoked ones too.
create index decision_about_a on decision (a);
create index decision_about_b on decision (b) where b is not null;

-- Nobody searches by the content of a document: its statistics would cost more than all others together.
alter table record alter column fold set statistics 0;
alter table version alter column asserted set statistics 0;
alter table write alter column asserted set statistics 0;
alter table golden alter column data set statistics 0, alter column winners set statistics 0;
alter table change alter column before set statistics 0, alter column after set statistics 0;

-- Work that comes again and again: what plugins register, and the look at each connection's subscriptions.
create table job (
    name text primary key,
    connection_id integer references connection on delete cascade,
    next_at timestamptz not null default now(),
    lease_token uuid,
    lease_until timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    failures integer not null default 0,
    error text
);
comment on table job is 'one row per periodic job: when it is due, who runs it now (a lease), how it ended last';

-- Records that a system said have changed, without saying how.
create table notice (
    connection_id integer not null references connection on delete cascade,
    stream text not null,
    external_id text not null,
    seq bigint not null default 1,
    due_at timestamptz not null default now(),
    failures smallint not null default 0,
    primary key (connection_id, stream, external_id)
);
create index notice_due on notice (due_at);
comment on table notice is 'records to be read; one row however often they are told of, gone when they were read';
comment on column notice.seq is 'counts what was told: a row that was told of again while it was read stays';

alter table record add column orphan boolean not null default false;
comment on column record.orphan is 'a person ruled that its parent will not come: it is not parked again';

-- Targets
alter table target add column bulk boolean not null generated always as (
    cause in ('backfill', 'disconnect', 'golive', 'mapping', 'merge', 'model', 'policy', 'repair', 'replay')) stored;
comment on column target.bulk is 'of a mass cause (hub.store.plan.BULK): what single records changed is delivered before it';
drop index target_due;
create index target_due on target (connection_id, bulk, coalesce(wait_until, dirty_at))
    where dirty_seq > done_seq and state = 'due' and plan_id is null;
