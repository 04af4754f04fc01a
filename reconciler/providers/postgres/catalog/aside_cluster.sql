-- What a manifest does not say about roles: by what it is and whose it is, how many. pg_db_role_setting,
-- pg_shdescription, pg_database, pg_tablespace; PostgreSQL 14 to 18.
SELECT 'settings of roles (ALTER ROLE ... SET)', roles.rolname::text, sum(cardinality(settings.setconfig))::int
  FROM pg_catalog.pg_db_role_setting AS settings
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = settings.setrole
 GROUP BY 2
 UNION ALL
SELECT 'comments on roles', roles.rolname::text, 1
  FROM pg_catalog.pg_shdescription AS comments
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = comments.objoid
 WHERE comments.classoid = 'pg_catalog.pg_authid'::regclass AND roles.rolname NOT LIKE 'pg\_%'
 UNION ALL
SELECT 'ownership of databases', owners.rolname::text, count(*)::int
  FROM pg_catalog.pg_database AS databases
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = databases.datdba
 WHERE databases.datallowconn AND NOT databases.datistemplate
 GROUP BY 2
 UNION ALL
SELECT 'privileges of PUBLIC on tablespaces', tablespaces.spcname::text, count(*)::int
  FROM pg_catalog.pg_tablespace AS tablespaces, pg_catalog.aclexplode(tablespaces.spcacl) AS items
 WHERE items.grantee = 0
 GROUP BY 2
