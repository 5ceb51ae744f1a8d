-- Writes down how far project $1 is with model $2 at revision $4, cut by chunker $5: so many chunks, so many of them embedded. Only under claim $3.
update project_embeddings
set revision = $4,
    chunker_version = $5,
    chunks = $6,
    embedded = $7,
    completed_at = case when $7::integer = $6::integer then coalesce(completed_at, $8) else completed_at end,
    updated_at = $8
where project_id = $1
  and model = $2
  and claim = $3;
