-- In how many chunk places of these projects do these terms stand?
select t.term_id,
       sum(t.document_frequency)::bigint as document_frequency
from term_stats t
where t.project_id = any($1::uuid[])
  and t.term_id = any($2::integer[])
group by t.term_id;
