INSERT INTO organizations (id, tenant_id, name, industry, custom_number_1, created_at)
SELECT rows_before(t, :orgs) + i, t, 'Organization ' || i,
       (ARRAY['Tech', 'Finance', 'Healthcare', 'Retail', 'Manufacturing'])[1 + floor(random() * 5)],
       CASE WHEN i % 5 = 0 THEN 1 + floor(random() * 100) END,
       now() - random() * interval '365 days'
FROM generate_series(:first, :last) t, generate_series(1, rows_of(t, :orgs)) i;
