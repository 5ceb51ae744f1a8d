-- May this transaction write? Raises DS001 if the lease is not held; otherwise nobody can take it before this transaction ends.
select enter_fence($1, $2, $3, $4);
