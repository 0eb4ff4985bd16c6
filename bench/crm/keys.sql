-- Primary keys, references, and an index on tenant_id of each child table, nothing else: finding what
-- is missing is what statistics are for.
ALTER TABLE tenants ADD PRIMARY KEY (id);
ALTER TABLE contacts ADD PRIMARY KEY (id);
ALTER TABLE organizations ADD PRIMARY KEY (id);
ALTER TABLE interactions ADD PRIMARY KEY (id);
CREATE INDEX ON contacts (tenant_id);
CREATE INDEX ON organizations (tenant_id);
CREATE INDEX ON interactions (tenant_id);
ALTER TABLE contacts ADD FOREIGN KEY (tenant_id) REFERENCES tenants ON DELETE CASCADE;
ALTER TABLE organizations ADD FOREIGN KEY (tenant_id) REFERENCES tenants ON DELETE CASCADE;
ALTER TABLE interactions ADD FOREIGN KEY (tenant_id) REFERENCES tenants ON DELETE CASCADE,
    ADD FOREIGN KEY (contact_id) REFERENCES contacts ON DELETE SET NULL,
    ADD FOREIGN KEY (org_id) REFERENCES organizations ON DELETE SET NULL;
-- New rows go on counting where the seed ended.
DO $$ BEGIN
    PERFORM setval(pg_get_serial_sequence('tenants', 'id'), max(id)) FROM tenants;
    PERFORM setval(pg_get_serial_sequence('contacts', 'id'), max(id)) FROM contacts;
    PERFORM setval(pg_get_serial_sequence('organizations', 'id'), max(id)) FROM organizations;
    PERFORM setval(pg_get_serial_sequence('interactions', 'id'), max(id)) FROM interactions;
END $$;
