-- For which tenant do the tokens of issuer $1 with the claim value $2 speak? The definer function is the only way; null: for none.
select resolve_issuer($1, $2);
