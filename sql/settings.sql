-- Every setting, with its default, and who may change it.
SELECT name, boot_val, unit, context, vartype, min_val, max_val, enumvals
FROM pg_settings WHERE name LIKE 'weir.%' AND name NOT IN ('weir.failpoint', 'weir.clock_shift') ORDER BY name;
SELECT name, short_desc, extra_desc
FROM pg_settings WHERE name LIKE 'weir.%' AND name NOT IN ('weir.failpoint', 'weir.clock_shift') ORDER BY name;

-- What they refuse.
SET weir.capture = 'some';
SET weir.min_duration = -1;
SET weir.sample_rate = 1.5;
SET weir.sample_rate = 'NaN';
SET weir.tenant = 'a tenant name that is longer than the sixty-three bytes it may have';
SET weir.ring_size = 1024;
SET weir.flush_batch = 10;
SET weir.no_such_setting = 1;
ALTER SYSTEM SET weir.ring_size = 1000;
ALTER SYSTEM SET weir.ring_size = 32;
ALTER SYSTEM SET weir.text_buffer = '24kB';

-- A user chooses nothing but the tenant.
CREATE ROLE regress_weir_user;
SET ROLE regress_weir_user;
SET weir.tenant = 'mine';
SET weir.capture = off;
SET weir.capture_utility = off;
SET weir.capture_planning = off;
SET weir.capture_texts = off;
SET weir.min_duration = 1;
SET weir.sample_rate = 0;
SET weir.tenant_setting = 'app.tenant';
SET weir.tenant_from_application = on;
RESET ROLE;
DROP ROLE regress_weir_user;

-- Query identifiers are there without further ado.
SHOW compute_query_id;
SELECT count(query_id) FROM pg_stat_activity WHERE pid = pg_backend_pid();
