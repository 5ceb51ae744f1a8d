-- Takes back a note of its author. False: no such note of this author.
select delete_agent_note($1, $2, $3, $4);
