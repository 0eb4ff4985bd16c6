-- Whom this transaction works for; every query begins with it. The five kinds of tenants ask in the
-- proportion 1.5, 1, 1.2, 0.8, 1.3, and within a kind Zipf's law chooses.
\set share random(1, 58)
\set kind CASE WHEN :share <= 15 THEN 0 WHEN :share <= 25 THEN 1 WHEN :share <= 37 THEN 2 WHEN :share <= 45 THEN 3 ELSE 4 END
\set group random_zipfian(1, :tenants / 5, 1.2) - 1
\set tenant 5 * :group + :kind + 1
\set tenths CASE WHEN :kind = 0 THEN 5 WHEN :kind = 1 THEN 20 WHEN :kind = 2 THEN 10 WHEN :kind = 3 THEN 15 ELSE 7 END
\set tenths_before CASE WHEN :kind = 0 THEN 0 WHEN :kind = 1 THEN 5 WHEN :kind = 2 THEN 25 WHEN :kind = 3 THEN 35 ELSE 50 END
\set contact random(1, :contacts * :tenths / 10)
\set contact_id :contacts * (57 * :group + :tenths_before) / 10 + :contact
SET weir.tenant = 'tenant :tenant';
