-- Ends the lease of the holder whose fence is the expected one. Null: no such project; changed: another fence; frozen.
select force_release($1, $2, $3, $4);
