-- Closes a session of whoever opened it. False: no such session of this key.
select close_agent_session($1, $2, $3);
