-- W2: a contact changes.
UPDATE contacts SET custom_number_2 = :contact, updated_at = now() WHERE id = :contact_id;
