-- Every schema of this database but the system's, with owner and ACL. pg_namespace; PostgreSQL 14 to 18.
SELECT schemas.nspname::text, owners.rolname::text, COALESCE(schemas.nspacl, '{}')::text[]
  FROM pg_catalog.pg_namespace AS schemas
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = schemas.nspowner
 WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
