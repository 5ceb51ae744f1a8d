-- Who links here: links are found by the last name of what they point to, and resolved by the paths of a revision when they are read.

alter table links add column target_name text generated always as (
    nullif(left(regexp_replace(regexp_replace(regexp_replace(regexp_replace(target, '[?#].*$', ''), '/+$', ''), '^.*/', ''), '\.[A-Za-z]+$', ''), 100), '')
) stored;
comment on column links.target_name is 'The last name of the target without its extension; null for an anchor of the same document.';
-- Backlinks: which links end in one of the names that a document goes by.
create index links_by_target_name on links (tenant_id, target_name) where target_name is not null;
