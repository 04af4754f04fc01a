-- Types and domains, in bundles of equal schema, owner and ACL. pg_type, less arrays, multiranges and the row types of
-- relations, which have no privileges of their own, and what belongs to an extension (pg_depend); PostgreSQL 14 to 18.
-- A missing ACL gives what it stands for: everybody may use the type.
SELECT schemas.nspname::text,
       'type',
       owners.rolname::text,
       COALESCE(types.acl::text[], pg_catalog.acldefault('T', owners.oid)::text[]),
       array_agg(types.typname::text ORDER BY types.typname::text)
  FROM (SELECT oid, typname, typnamespace, typowner, typacl::text AS acl
          FROM pg_catalog.pg_type
         WHERE typtype IN ('b', 'c', 'd', 'e', 'r')
           AND NOT (typelem <> 0 AND typsubscript = 'pg_catalog.array_subscript_handler'::regproc)
           AND (typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class AS relations
                                         WHERE relations.oid = typrelid AND relations.relkind = 'c'))) AS types
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = types.typnamespace
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = types.typowner
 WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS dependencies
                    WHERE dependencies.classid = 'pg_catalog.pg_type'::regclass
                      AND dependencies.objid = types.oid
                      AND dependencies.deptype = 'e')
 GROUP BY 1, 3, owners.oid, types.acl
