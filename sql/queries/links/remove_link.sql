-- Takes a user's link back.
delete from sign_in_links where user_id = $1;
