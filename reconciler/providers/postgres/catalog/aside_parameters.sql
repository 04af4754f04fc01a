-- What everybody may do with configuration parameters: how many privileges on each. pg_parameter_acl; PostgreSQL 15 to
-- 18.
SELECT 'privileges of PUBLIC on parameters', parameters.parname::text, count(*)::int
  FROM pg_catalog.pg_parameter_acl AS parameters, pg_catalog.aclexplode(parameters.paracl) AS items
 WHERE items.grantee = 0
 GROUP BY 2
