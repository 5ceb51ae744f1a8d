-- Stores a batch of the tenant's requests and adds it to its usage. Was it new? The definer function is the only way.
select record_requests($1, $2);
