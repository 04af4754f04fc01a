-- The policies of the tables of these names. Role 0 is everybody. The session's search_path must be pg_catalog alone:
-- it decides how names in expressions are qualified. pg_policy, pg_class, pg_namespace, pg_roles; PostgreSQL 14 to 18.
SELECT schemas.nspname::text, tables.relname::text, policies.polname::text, policies.polcmd::text, policies.polpermissive,
       ARRAY(SELECT COALESCE(roles.rolname::text, '')
               FROM unnest(policies.polroles) AS given (role)
               LEFT JOIN pg_catalog.pg_roles AS roles ON roles.oid = given.role),
       COALESCE(pg_catalog.pg_get_expr(policies.polqual, policies.polrelid), ''),
       COALESCE(pg_catalog.pg_get_expr(policies.polwithcheck, policies.polrelid), '')
  FROM pg_catalog.pg_policy AS policies
  JOIN pg_catalog.pg_class AS tables ON tables.oid = policies.polrelid
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = tables.relnamespace
 WHERE (schemas.nspname, tables.relname) IN (SELECT * FROM unnest(%(schemas)s::text[], %(names)s::text[]))
