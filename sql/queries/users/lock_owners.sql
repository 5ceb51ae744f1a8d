-- Who are the active owners? Locked, so that two who demote each other do not leave none.
select user_id from users where role = 'owner' and active order by user_id for update;
