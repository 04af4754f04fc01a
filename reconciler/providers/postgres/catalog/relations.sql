-- Relations that hold privileges, in bundles of equal schema, kind, owner and ACL: thousands of equal ACLs travel
-- once. pg_class, less what belongs to an extension (pg_depend); PostgreSQL 14 to 18. Foreign tables and partitioned
-- tables are tables, materialized views are views, as in GRANT.
SELECT schemas.nspname::text,
       CASE WHEN relations.relkind IN ('r', 'p', 'f') THEN 'table'
            WHEN relations.relkind IN ('v', 'm') THEN 'view'
            ELSE 'sequence' END,
       owners.rolname::text,
       relations.acl::text[],
       array_agg(relations.relname::text ORDER BY relations.relname::text)
  FROM (SELECT oid, relname, relkind, relnamespace, relowner, COALESCE(relacl, '{}')::text AS acl
          FROM pg_catalog.pg_class
         WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S')) AS relations
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = relations.relnamespace
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = relations.relowner
 WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS dependencies
                    WHERE dependencies.classid = 'pg_catalog.pg_class'::regclass
                      AND dependencies.objid = relations.oid
                      AND dependencies.deptype = 'e')
 GROUP BY 1, 2, 3, relations.acl
