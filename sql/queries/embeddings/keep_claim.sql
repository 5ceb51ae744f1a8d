-- Does our claim $3 on project $1 and model $2 still stand? Then it does until $4, nobody takes it before this transaction ends, and
-- the vectors are $5 long, as those before them.
update project_embeddings
set claimed_until = $4, dimensions = $5, embedded = least(chunks, embedded + $6), updated_at = $7, reason = null, message = null
where project_id = $1
  and model = $2
  and claim = $3
returning project_id;
