-- Opens a session that pins these revisions. False: the tenant has too many sessions.
select open_agent_session($1, $2, $3, $4::uuid[], $5::uuid[], $6::integer[], $7::text[], $8::timestamptz[], $9, $10, $11, $12);
