-- A4: the contacts that a tenant talked to most.
SELECT c.name, count(*), max(i.occurred_at) FROM contacts c JOIN interactions i ON i.contact_id = c.id
WHERE c.tenant_id = :tenant AND i.tenant_id = :tenant GROUP BY c.id, c.name ORDER BY count(*) DESC LIMIT 10;
