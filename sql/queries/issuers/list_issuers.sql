-- Which tokens does the tenant trust?
select issuer, claim_value, trusted_at
from trusted_issuers
order by issuer, claim_value;
