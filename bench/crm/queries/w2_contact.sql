-- W2: a contact changes.
\set contact random(1, :contacts)
\set tenant random_zipfian(1, :tenants, 1.2)
SET weir.tenant = 'tenant :tenant';
UPDATE contacts SET custom_number_2 = :contact, updated_at = now()
WHERE id = (:tenant - 1) * :contacts + :contact;
