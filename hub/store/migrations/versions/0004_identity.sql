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

-- A key that lost a carrier is counted again; all others stay over the cap.
alter table hot_key add column is_due boolean not null default false;
create index hot_key_due on hot_key (hash) where is_due;

-- Review
alter table item add column other uuid;
alter table item add column stake bigint not null default 0;
alter table item add column claimed_by text;
alter table item add column claimed_until timestamptz;
create index item_by_stake on item (stake desc, id) where type = 'match' and state = 'open';
create index item_by_other on item (other) where other is not null;
comment on column item.other is 'of a match: the golden id of the other side; rid is the smaller of both';
comment on column item.stake is 'what hangs on the answer: orders, points, consents of both sides; the queue is ordered by it';
comment on column item.claimed_by is 'who works on it until claimed_until: nobody else is given it';
