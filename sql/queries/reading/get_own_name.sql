-- What is the tenant of this transaction called?
select get_own_name() as name;
