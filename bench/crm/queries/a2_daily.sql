-- A2: interactions of each of the last 30 days.
SELECT date_trunc('day', occurred_at) AS day, count(*) FROM interactions
WHERE tenant_id = :tenant AND occurred_at > now() - interval '30 days' GROUP BY day ORDER BY day;
