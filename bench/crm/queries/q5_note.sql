-- Q5: contacts that have a note.
SELECT id, name, custom_text_1 FROM contacts WHERE custom_text_1 IS NOT NULL AND tenant_id = :tenant LIMIT 10;
