-- Q5: contacts that have a note.
\set tenant random_zipfian(1, :tenants, 1.2)
SET weir.tenant = 'tenant :tenant';
SELECT id, name, custom_text_1 FROM contacts WHERE custom_text_1 IS NOT NULL AND tenant_id = :tenant LIMIT 10;
