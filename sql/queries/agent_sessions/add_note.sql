-- Adds a note to a session, once. What became of it: added, repeated, taken, closed, unanswerable, full or absent.
select add_agent_note($1, $2, $3, $4, $5, $6, $7, $8);
