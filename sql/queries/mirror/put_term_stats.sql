-- Moves document frequencies by the difference that this revision makes.
insert into term_stats (tenant_id, project_id, term_id, document_frequency)
select current_tenant(), $1, n.term_id, n.difference
from unnest($2::integer[], $3::integer[]) as n (term_id, difference)
on conflict (tenant_id, project_id, term_id)
do update set document_frequency = term_stats.document_frequency + excluded.document_frequency;
