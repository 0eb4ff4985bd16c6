-- Q3: organizations by industry.
\set n random(1, 5)
SELECT id, name FROM organizations WHERE industry = (ARRAY['Tech', 'Finance', 'Healthcare', 'Retail', 'Manufacturing'])[:n]
  AND tenant_id = :tenant LIMIT 10;
