-- With which hash does the active user of this e-mail address prove the password?
select user_id, password_hash
from users
where email = $1 and active;
