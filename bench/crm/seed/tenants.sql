INSERT INTO tenants (id, name)
SELECT t, 'Tenant ' || t FROM generate_series(:first, :last) t;
