-- What contents say of themselves, the names that links may end in, and links to labels: so that links of every format are resolved, and broken ones found.

alter table links add column kind text not null default 'url' check (kind in ('url', 'label', 'any'));
comment on column links.kind is 'What the target is: a relative URL; a label, known in all of the project; or either of them, or nothing of ours.';

create table outlines (
    tenant_id uuid not null,
    content_hash bytea not null,
    format text not null,
    language text,
    metadata jsonb not null check (jsonb_typeof(metadata) = 'object'),
    fallback text,
    primary key (tenant_id, content_hash, format),
    foreign key (tenant_id, content_hash) references blobs on delete cascade
);
comment on table outlines is 'What a content says of itself, read in a format. No row: it was cut by a release that did not look.';
comment on column outlines.language is 'The language that it says it is written in; of a notebook, that of its code.';
comment on column outlines.metadata is 'Its front matter, document header or the like: texts by name.';
comment on column outlines.fallback is 'Why it is cut as plain text although its format has a structure; null: it is not.';

create table anchors (
    tenant_id uuid not null,
    content_hash bytea not null,
    format text not null,
    name text collate "C" not null check (length(name) between 1 and 200),
    line integer not null check (line >= 1),
    is_label boolean not null,
    primary key (tenant_id, content_hash, format, name),
    foreign key (tenant_id, content_hash) references blobs on delete cascade
);
comment on table anchors is 'The names that a link to a content may end in: of headings, and those given by hand.';
comment on column anchors.line is 'Where the first place of that name is, counted from 1.';
comment on column anchors.is_label is 'Links from all of the project reach it by its name alone.';
-- Where does a label lead?
create index anchors_by_label on anchors (tenant_id, name) where is_label;

alter table outlines enable row level security;
alter table outlines force row level security;
create policy tenant_isolation on outlines
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table anchors enable row level security;
alter table anchors force row level security;
create policy tenant_isolation on anchors
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));

create trigger refuse_unfenced before insert or update or delete on outlines for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on anchors for each statement execute function refuse_unfenced();

grant select, insert, delete on outlines, anchors to syncd_sync;
grant select on outlines, anchors to syncd_read, syncd_web;
