-- Q1: contacts by a part of the address.
\set n random(1, :contacts)
\set tenant random_zipfian(1, :tenants, 1.2)
SET weir.tenant = 'tenant :tenant';
SELECT id, name, email FROM contacts WHERE email LIKE '%contact:n%' AND tenant_id = :tenant LIMIT 10;
