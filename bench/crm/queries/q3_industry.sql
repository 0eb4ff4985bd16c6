-- Q3: organizations by industry.
\set n random(1, 5)
\set tenant random_zipfian(1, :tenants, 1.2)
SET weir.tenant = 'tenant :tenant';
SELECT id, name FROM organizations WHERE industry = (ARRAY['Tech', 'Finance', 'Healthcare', 'Retail', 'Manufacturing'])[:n]
  AND tenant_id = :tenant LIMIT 10;
