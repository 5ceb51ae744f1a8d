-- Does the server answer a statement?
select 1;
