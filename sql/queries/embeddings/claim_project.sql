-- Is it our turn to make vectors of model $2 for project $1? Yes unless somebody else's claim stands at $4; ours is $3, until $5.
insert into project_embeddings as e (tenant_id, project_id, model, claim, claimed_until, updated_at)
values (current_tenant(), $1, $2, $3, $5, $4)
on conflict (tenant_id, project_id, model)
do update set claim = excluded.claim, claimed_until = excluded.claimed_until
where e.claim is null or e.claim = excluded.claim or e.claimed_until <= $4
returning e.dimensions, e.completed_at is not null as was_complete;
