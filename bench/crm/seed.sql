-- Fills the CRM. psql variables: tenants, and contacts, orgs, interactions for each of them, and seed
-- (0 to 1): the same seed gives the same rows. Tables are filled first and indexed afterwards.
SELECT setseed(:seed) \gset seed_

INSERT INTO tenants (name)
SELECT 'Tenant ' || t FROM generate_series(1, :tenants) t;

INSERT INTO contacts (tenant_id, name, email, phone, custom_text_1, custom_number_1, created_at)
SELECT t, 'Contact ' || i, 'contact' || i || '@example.com', '555-' || 999 + i,
       CASE WHEN i % 3 = 0 THEN 'note ' || i END,
       CASE WHEN i % 5 = 0 THEN 1 + floor(random() * 100) END,
       now() - random() * interval '365 days'
FROM generate_series(1, :tenants) t, generate_series(1, :contacts) i;

INSERT INTO organizations (tenant_id, name, industry, custom_number_1, created_at)
SELECT t, 'Organization ' || i,
       (ARRAY['Tech', 'Finance', 'Healthcare', 'Retail', 'Manufacturing'])[1 + floor(random() * 5)],
       CASE WHEN i % 5 = 0 THEN 1 + floor(random() * 100) END,
       now() - random() * interval '365 days'
FROM generate_series(1, :tenants) t, generate_series(1, :orgs) i;

-- Identities count from 1 in insertion order, so the rows of tenant t are found by arithmetic.
INSERT INTO interactions (tenant_id, contact_id, org_id, type, occurred_at, metadata_json)
SELECT t, (t - 1) * :contacts + 1 + floor(random() * :contacts),
       (t - 1) * :orgs + 1 + floor(random() * :orgs),
       (ARRAY['call', 'email', 'meeting', 'note'])[1 + floor(random() * 4)],
       now() - random() * interval '90 days',
       jsonb_build_object('duration', 5 + floor(random() * 56)::int)
FROM generate_series(1, :tenants) t, generate_series(1, :interactions) i;

CREATE INDEX ON contacts (tenant_id);
CREATE INDEX ON organizations (tenant_id);
CREATE INDEX ON interactions (tenant_id);
VACUUM ANALYZE tenants, contacts, organizations, interactions;
