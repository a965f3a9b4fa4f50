-- Scored matching
create table match_feature (
    rid uuid primary key,
    features jsonb not null
);
comment on table match_feature is 'what the scored tier compares of a record, in its normal forms (hub.rules.identity); personal, erased with the record';

alter table edge add column relation text check (relation in ('household'));
comment on column edge.weight is 'thousandths of a bit, of the pair and the model alone';
comment on column edge.reason is 'what the weight is the sum of: {"parts": [[comparison, level, weight], ...], "apart": what keeps both from being one}';
comment on column edge.relation is 'what the two are to each other while they are not one';

create table key_lost (
    rid uuid not null,
    realm text not null,
    kind text not null,
    hash bytea not null,
    proven boolean not null default false
);
create index key_lost_by_kind on key_lost (realm, kind);
create index key_lost_by_rid on key_lost (rid);
create index key_lost_by_hash on key_lost (hash);
comment on table key_lost is 'keys that a record carried and carries no more: whoever next has the turn of the kind counts them again';
comment on column key_lost.proven is 'a phone or e-mail that it proved, and proves no more: it may be another person''s again';

alter table resolve_work add column rekey boolean not null default false;
comment on column resolve_work.rekey is 'make what is compared, and all keys, again: another model, or another version of the hub';
alter table resolve_work add column was uuid;
comment on column resolve_work.was is 'the golden record that it was part of before it was linked anew: what became of that one is looked at too';
create index resolve_work_links on resolve_work (id) where relink;
create index resolve_work_goldens on resolve_work (id) where not relink;

-- Review
alter table item add column other uuid;
alter table item add column stake bigint not null default 0;
alter table item add column claimed_by text;
alter table item add column claimed_until timestamptz;
create index item_by_stake on item (stake desc, id) where type = 'match' and state = 'open';
create index item_by_other on item (other) where other is not null;
create index item_by_weight on item (((data ->> 'weight')::integer) desc, id) where type = 'match' and state = 'open';
create index item_by_claimer on item (claimed_by) where claimed_by is not null;
comment on column item.other is 'of a match: the golden id of the other side; rid is the smaller of both';
comment on column item.stake is 'what hangs on the answer: orders, points, consents of both sides; the queue is ordered by it';
comment on column item.claimed_by is 'who works on it until claimed_until: nobody else is given it';

create table match_answer (
    id uuid primary key,
    item_id uuid not null,
    realm text not null,
    kind text not null,
    answer text not null check (answer in ('same', 'different', 'household', 'skip', 'right', 'wrong')),
    author text not null,
    reason text not null default '',
    weight integer not null,
    act uuid,
    bulk_id uuid,
    seconds real,
    at timestamptz not null default clock_timestamp(),
    undone_at timestamptz,
    undone_by text
);
create index match_answer_by_author on match_answer (author, at desc, id desc);
create index match_answer_by_item on match_answer (item_id);
create index match_answer_by_act on match_answer (act) where act is not null;
comment on table match_answer is 'what people answered about pairs: rows are added and undone, never changed';
comment on column match_answer.act is 'group of the decisions it made; null where it made none';
comment on column match_answer.seconds is 'from being given the pair to the answer; null where nobody was given it';

create table match_bulk (
    id uuid primary key,
    realm text not null,
    kind text not null,
    pattern text not null,
    least integer not null,
    answer text not null check (answer in ('same', 'different', 'household')),
    reason text not null default '',
    author text not null,
    act uuid not null,
    state text not null default 'held' check (state in ('held', 'canary', 'released', 'discarded', 'undone')),
    counts jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    decided_at timestamptz,
    decided_by text
);
comment on table match_bulk is 'all open pairs of one pattern, to be answered the same way once a person releases them';
comment on column match_bulk.act is 'group of all its decisions: undone as one';

create table match_bulk_item (
    bulk_id uuid not null references match_bulk on delete cascade,
    item_id uuid not null,
    outcome text check (outcome in ('answered', 'left')),
    primary key (bulk_id, item_id)
);
comment on column match_bulk_item.outcome is 'null: not its turn yet; left: closed or changed since it was planned';

create table match_sample (
    realm text not null,
    kind text not null,
    week text not null,
    drawn integer not null,
    population integer not null,
    auto integer not null,
    at timestamptz not null default clock_timestamp(),
    primary key (realm, kind, week)
);
comment on table match_sample is 'automatic merges drawn in an ISO week to be judged by people; each is an item of type match_sample';
create index item_of_sample on item ((data ->> 'week')) where type = 'match_sample';

-- What the hub merged by itself today, without reading all that changed today.
create index change_merged on change (at) where type = 'merged' and cause <> 'merge';
