-- Q2: contacts by phone.
\set number 999 + :contact
SELECT id, name, phone FROM contacts WHERE phone = '555-:number' AND tenant_id = :tenant LIMIT 10;
