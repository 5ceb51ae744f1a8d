-- Lets the tenant trust tokens. No row: another tenant trusts the same, or this one does already.
insert into trusted_issuers (tenant_id, issuer, claim_value)
values (current_tenant(), $1, $2)
on conflict do nothing
returning issuer;
