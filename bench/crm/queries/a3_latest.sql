-- A3: the latest interaction of each type, and how many there are.
SELECT type, occurred_at, of_type FROM (
  SELECT type, occurred_at, count(*) OVER (PARTITION BY type) AS of_type,
         row_number() OVER (PARTITION BY type ORDER BY occurred_at DESC) AS place
  FROM interactions WHERE tenant_id = :tenant) ranked
WHERE place = 1;
