-- A small CRM of many tenants. Primary keys, and an index on tenant_id of each child table, nothing
-- else: finding what is missing is what statistics are for.
CREATE TABLE tenants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE contacts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name text NOT NULL,
    email text,
    phone text,
    custom_text_1 text,
    custom_text_2 text,
    custom_number_1 numeric,
    custom_number_2 numeric,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE organizations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name text NOT NULL,
    industry text,
    custom_text_1 text,
    custom_text_2 text,
    custom_number_1 numeric,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE interactions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    contact_id bigint REFERENCES contacts ON DELETE SET NULL,
    org_id bigint REFERENCES organizations ON DELETE SET NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    metadata_json jsonb);
