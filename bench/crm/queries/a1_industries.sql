-- A1: how a tenant's organizations spread over industries.
SELECT industry, count(*), avg(custom_number_1) FROM organizations
WHERE tenant_id = :tenant GROUP BY industry ORDER BY count(*) DESC;
