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
