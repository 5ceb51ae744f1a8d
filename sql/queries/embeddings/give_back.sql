-- Gives our claim $3 on project $1 and model $2 back, with what hinders the work ($4, $5), if something does.
update project_embeddings
set claim = null, claimed_until = null, reason = $4, message = $5, updated_at = $6
where project_id = $1
  and model = $2
  and claim = $3;
