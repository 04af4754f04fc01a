-- Types and domains on which somebody was granted something, in bundles of equal schema, owner and ACL: read where nobody
-- asks for all types (types.sql). pg_type, less what belongs to an extension (pg_depend); PostgreSQL 14 to 18.
SELECT schemas.nspname::text,
       'type',
       owners.rolname::text,
       types.acl::text[],
       array_agg(types.typname::text ORDER BY types.typname::text)
  FROM (SELECT oid, typname, typnamespace, typowner, typacl::text AS acl
          FROM pg_catalog.pg_type
         WHERE typacl IS NOT NULL) AS types
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = types.typnamespace
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = types.typowner
 WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS dependencies
                    WHERE dependencies.classid = 'pg_catalog.pg_type'::regclass
                      AND dependencies.objid = types.oid
                      AND dependencies.deptype = 'e')
 GROUP BY 1, 3, types.acl
