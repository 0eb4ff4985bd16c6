-- W1: a new interaction.
\set contact random(1, :contacts)
\set tenant random_zipfian(1, :tenants, 1.2)
SET weir.tenant = 'tenant :tenant';
INSERT INTO interactions (tenant_id, contact_id, type, metadata_json)
VALUES (:tenant, (:tenant - 1) * :contacts + :contact, 'call', '{"duration": 30}');
