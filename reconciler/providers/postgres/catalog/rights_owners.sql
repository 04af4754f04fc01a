-- What is to be known of who gives an object in a schema of this database away, and who gets it, pair by pair: whether
-- we may look into the schema, and whether the new owner may create there. A role that is not there may not.
-- pg_namespace, pg_roles; PostgreSQL 14 to 18. What is not there gives no row.
SELECT schemas.nspname::text, wanted.owner,
       pg_catalog.has_schema_privilege(schemas.oid, 'USAGE'),
       COALESCE(pg_catalog.has_schema_privilege(owners.oid, schemas.oid, 'CREATE'), false)
  FROM unnest(%(schemas)s::text[], %(owners)s::text[]) AS wanted (schema, owner)
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.nspname = wanted.schema
  LEFT JOIN pg_catalog.pg_roles AS owners ON owners.rolname = wanted.owner
 ORDER BY 1, 2
