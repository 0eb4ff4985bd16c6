-- Q4: interactions by type, the latest first.
\set n random(1, 4)
SELECT id, contact_id, occurred_at FROM interactions
WHERE type = (ARRAY['call', 'email', 'meeting', 'note'])[:n] AND tenant_id = :tenant
ORDER BY occurred_at DESC LIMIT 10;
