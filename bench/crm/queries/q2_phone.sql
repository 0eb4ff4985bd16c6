-- Q2: contacts by phone.
\set n 999 + random(1, :contacts)
\set tenant random_zipfian(1, :tenants, 1.2)
SET weir.tenant = 'tenant :tenant';
SELECT id, name, phone FROM contacts WHERE phone = '555-:n' AND tenant_id = :tenant LIMIT 10;
