-- Default privileges: by creator, schema (empty: global) and kind. pg_default_acl; PostgreSQL 14 to 18.
SELECT creators.rolname::text,
       COALESCE(schemas.nspname::text, ''),
       CASE defaults.defaclobjtype
            WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'function'
            WHEN 'T' THEN 'type' WHEN 'n' THEN 'schema' ELSE 'large object' END,
       defaults.defaclacl::text[]
  FROM pg_catalog.pg_default_acl AS defaults
  JOIN pg_catalog.pg_roles AS creators ON creators.oid = defaults.defaclrole
  LEFT JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = defaults.defaclnamespace
