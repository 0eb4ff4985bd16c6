INSERT INTO contacts (id, tenant_id, name, email, phone, custom_text_1, custom_number_1, created_at)
SELECT rows_before(t, :contacts) + i, t, 'Contact ' || i, 'contact' || i || '@example.com', '555-' || 999 + i,
       CASE WHEN i % 3 = 0 THEN 'note ' || i END,
       CASE WHEN i % 5 = 0 THEN 1 + floor(random() * 100) END,
       now() - random() * interval '365 days'
FROM generate_series(:first, :last) t, generate_series(1, rows_of(t, :contacts)) i;
