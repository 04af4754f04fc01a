-- The tables of these names that can have row-level security, their owners, and whether it is on and forced.
-- pg_class, pg_namespace, pg_roles; PostgreSQL 14 to 18.
SELECT schemas.nspname::text, tables.relname::text, owners.rolname::text, tables.relrowsecurity, tables.relforcerowsecurity
  FROM pg_catalog.pg_class AS tables
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = tables.relnamespace
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = tables.relowner
 WHERE tables.relkind IN ('r', 'p')
   AND left(schemas.nspname::text, 3) <> 'pg_' AND schemas.nspname <> 'information_schema'
   AND (schemas.nspname, tables.relname) IN (SELECT * FROM unnest(%(schemas)s::text[], %(names)s::text[]))
