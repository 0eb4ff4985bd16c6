INSERT INTO interactions (id, tenant_id, contact_id, org_id, type, occurred_at, metadata_json)
SELECT rows_before(t, :interactions) + i, t,
       rows_before(t, :contacts) + 1 + floor(random() * rows_of(t, :contacts)),
       rows_before(t, :orgs) + 1 + floor(random() * rows_of(t, :orgs)),
       (ARRAY['call', 'email', 'meeting', 'note'])[1 + floor(random() * 4)],
       now() - random() * interval '90 days',
       jsonb_build_object('duration', 5 + floor(random() * 56)::int)
FROM generate_series(:first, :last) t, generate_series(1, rows_of(t, :interactions)) i;
