-- How many chunks of all tenants are to be embedded, how many have vectors, and how many projects does something hinder?
select chunks, embedded, hindered from measure_embeddings();
