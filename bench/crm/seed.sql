-- Fills the CRM in one go. psql variables: tenants, a multiple of five; contacts, orgs and interactions
-- for a tenant of average size, multiples of ten; and seed (0 to 1): the same seed gives the same rows.
\set first 1
\set last :tenants
SELECT setseed(:seed) \gset seed_
\ir seed/tenants.sql
\ir seed/contacts.sql
\ir seed/organizations.sql
\ir seed/interactions.sql
\ir keys.sql
VACUUM ANALYZE tenants, contacts, organizations, interactions;
