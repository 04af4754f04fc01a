-- What a role was granted by others than the owners of the objects, and what it granted to others itself, in this
-- database and of what belongs to the cluster. Clearing a role takes only what owners granted, and what hangs on that.
-- The last column says whether the grantor owns the object's schema, or may enter it; true where it is in none.
-- pg_shdepend says which ACLs name the role; pg_parameter_acl is apart. PostgreSQL 14 to 18.
WITH role AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %(role)s),
     concerned AS (
         SELECT classid, objid, objsubid
           FROM pg_catalog.pg_shdepend AS dependencies JOIN role ON role.oid = dependencies.refobjid
          WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass AND dependencies.deptype = 'a'
            AND dependencies.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database
                                           WHERE datname = pg_catalog.current_database()))),
     objects (kind, namespace, name, owner, acl) AS (
         SELECT CASE WHEN relkind = 'S' THEN 'sequence' WHEN relkind IN ('v', 'm') THEN 'view' ELSE 'table' END,
                relnamespace, relname::text, relowner, relacl
           FROM concerned JOIN pg_catalog.pg_class AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_class'::regclass AND objsubid = 0
         UNION ALL
         SELECT 'column', relnamespace,
                replace(replace(relname::text, '\', '\\'), '.', '\.') || '.' || attname::text, relowner, attacl
           FROM concerned
           JOIN pg_catalog.pg_attribute ON attrelid = objid AND attnum = objsubid
           JOIN pg_catalog.pg_class AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_class'::regclass AND objsubid <> 0
         UNION ALL
         SELECT 'function', pronamespace, proname::text || '(' || pg_catalog.oidvectortypes(proargtypes) || ')',
                proowner, proacl
           FROM concerned JOIN pg_catalog.pg_proc AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_proc'::regclass
         UNION ALL
         SELECT 'type', typnamespace, typname::text, typowner, typacl
           FROM concerned JOIN pg_catalog.pg_type AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_type'::regclass
         UNION ALL
         SELECT 'schema', 0, nspname::text, nspowner, nspacl
           FROM concerned JOIN pg_catalog.pg_namespace AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_namespace'::regclass
         UNION ALL
         SELECT 'language', 0, lanname::text, lanowner, lanacl
           FROM concerned JOIN pg_catalog.pg_language AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_language'::regclass
         UNION ALL
         SELECT 'foreign data wrapper', 0, fdwname::text, fdwowner, fdwacl
           FROM concerned JOIN pg_catalog.pg_foreign_data_wrapper AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_foreign_data_wrapper'::regclass
         UNION ALL
         SELECT 'foreign server', 0, srvname::text, srvowner, srvacl
           FROM concerned JOIN pg_catalog.pg_foreign_server AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_foreign_server'::regclass
         UNION ALL
         SELECT 'large object', 0, found.oid::text, lomowner, lomacl
           FROM concerned JOIN pg_catalog.pg_largeobject_metadata AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_largeobject'::regclass
         UNION ALL
         SELECT 'database', 0, datname::text, datdba, datacl
           FROM concerned JOIN pg_catalog.pg_database AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_database'::regclass
         UNION ALL
         SELECT 'tablespace', 0, spcname::text, spcowner, spcacl
           FROM concerned JOIN pg_catalog.pg_tablespace AS found ON found.oid = objid
          WHERE classid = 'pg_catalog.pg_tablespace'::regclass)
SELECT objects.kind, COALESCE(schemas.nspname::text, ''), objects.name,
       grantors.rolname::text, COALESCE(grantees.rolname::text, ''),
       array_agg(items.privilege_type::text || CASE WHEN items.is_grantable THEN '*' ELSE '' END
                 ORDER BY items.privilege_type),
       bool_and(schemas.oid IS NULL OR schemas.nspowner = grantors.oid
                OR pg_catalog.has_schema_privilege(grantors.oid, schemas.oid, 'USAGE'))
  FROM objects
  LEFT JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = objects.namespace
 CROSS JOIN LATERAL pg_catalog.aclexplode(objects.acl) AS items
  JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = items.grantor
  LEFT JOIN pg_catalog.pg_roles AS grantees ON grantees.oid = items.grantee
 WHERE items.grantor <> objects.owner AND items.grantee <> items.grantor
   AND (SELECT oid FROM role) IN (items.grantor, items.grantee)
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY 1, 2, 3, 4, 5
