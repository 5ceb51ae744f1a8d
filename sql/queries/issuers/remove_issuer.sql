-- Takes a trust away. Returns the issuer, or no row where there was none.
delete from trusted_issuers
where tenant_id = (select current_tenant()) and issuer = $1 and claim_value = $2
returning issuer;
