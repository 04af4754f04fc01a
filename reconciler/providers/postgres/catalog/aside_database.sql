-- What a manifest does not say about a database: by what it is and whose it is, how many. The catalogs named below;
-- PostgreSQL 14 to 18. A missing ACL is the default and is not counted.
WITH acls (kind, owner, acl) AS (
    SELECT 'database', datdba, datacl FROM pg_catalog.pg_database WHERE datname = current_database()
     UNION ALL
    SELECT 'schema', nspowner, nspacl FROM pg_catalog.pg_namespace
     WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
     UNION ALL
    SELECT 'object', relations.relowner, relations.relacl
      FROM pg_catalog.pg_class AS relations
      JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = relations.relnamespace
     WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
     UNION ALL
    SELECT 'object', functions.proowner, functions.proacl
      FROM pg_catalog.pg_proc AS functions
      JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = functions.pronamespace
     WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
     UNION ALL
    SELECT 'columns', relations.relowner, columns.attacl
      FROM pg_catalog.pg_attribute AS columns
      JOIN pg_catalog.pg_class AS relations ON relations.oid = columns.attrelid
      JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = relations.relnamespace
     WHERE columns.attacl IS NOT NULL AND schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
     UNION ALL
    SELECT 'types', types.typowner, types.typacl
      FROM pg_catalog.pg_type AS types
      JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = types.typnamespace
     WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
     UNION ALL
    SELECT 'languages', lanowner, lanacl FROM pg_catalog.pg_language
     UNION ALL
    SELECT 'foreign-data wrappers', fdwowner, fdwacl FROM pg_catalog.pg_foreign_data_wrapper
     UNION ALL
    SELECT 'foreign servers', srvowner, srvacl FROM pg_catalog.pg_foreign_server
     UNION ALL
    SELECT 'large objects', lomowner, lomacl FROM pg_catalog.pg_largeobject_metadata
), items AS (
    SELECT acls.kind, acls.owner, items.grantor, items.grantee
      FROM acls, pg_catalog.aclexplode(acls.acl) AS items
     WHERE items.grantee <> acls.owner
)
SELECT 'privileges of PUBLIC', current_database()::text, count(*)::int
  FROM items
 WHERE grantee = 0
HAVING count(*) > 0
 UNION ALL
SELECT 'who granted privileges, where that is not the owner (the privileges are here)',
       pg_catalog.pg_get_userbyid(grantor)::text, count(*)::int
  FROM items
 WHERE grantor <> owner
 GROUP BY 2
 UNION ALL
SELECT 'default privileges of PUBLIC', pg_catalog.pg_get_userbyid(defaults.defaclrole)::text, count(*)::int
  FROM pg_catalog.pg_default_acl AS defaults, pg_catalog.aclexplode(defaults.defaclacl) AS items
 WHERE items.grantee = 0
 GROUP BY 2
 UNION ALL
SELECT 'ownership of schemas, tables, views and sequences', pg_catalog.pg_get_userbyid(owned.owner)::text, count(*)::int
  FROM (SELECT nspowner AS owner FROM pg_catalog.pg_namespace
         WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
         UNION ALL
        SELECT relations.relowner
          FROM pg_catalog.pg_class AS relations
          JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = relations.relnamespace
         WHERE relations.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
           AND schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema') AS owned
 GROUP BY 2
 UNION ALL
SELECT 'row-level security policies', tables.relname::text, count(*)::int
  FROM pg_catalog.pg_policy AS policies
  JOIN pg_catalog.pg_class AS tables ON tables.oid = policies.polrelid
 GROUP BY 2
