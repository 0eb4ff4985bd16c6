-- W1: a new interaction.
INSERT INTO interactions (tenant_id, contact_id, type, metadata_json)
VALUES (:tenant, :contact_id, 'call', '{"duration": 30}');
