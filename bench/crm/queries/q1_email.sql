-- Q1: contacts by a part of the address.
SELECT id, name, email FROM contacts WHERE email LIKE '%contact:contact%' AND tenant_id = :tenant LIMIT 10;
