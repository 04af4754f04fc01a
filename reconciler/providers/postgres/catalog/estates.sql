-- What refers to roles, by role and database: '' for what belongs to the cluster (tablespaces, databases, memberships).
-- Memberships depend on whom they were granted by, from version 16 on. The columns: role, database, whether we may connect
-- to it, how many objects it owns, how many memberships it granted, how many things refer to it at all.
-- pg_shdepend, pg_roles, pg_database; PostgreSQL 14 to 18.
SELECT roles.rolname::text,
       COALESCE(databases.datname::text, ''),
       COALESCE(databases.datallowconn AND pg_catalog.has_database_privilege(databases.oid, 'CONNECT'), true),
       count(*) FILTER (WHERE dependencies.deptype = 'o'
                          AND dependencies.classid <> 'pg_catalog.pg_auth_members'::regclass),
       count(*) FILTER (WHERE dependencies.classid = 'pg_catalog.pg_auth_members'::regclass),
       count(*)
  FROM pg_catalog.pg_shdepend AS dependencies
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = dependencies.refobjid
  LEFT JOIN pg_catalog.pg_database AS databases ON databases.oid = dependencies.dbid
 WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass
   AND roles.rolname = ANY (%s)
 GROUP BY roles.rolname, databases.oid, databases.datname, databases.datallowconn
 ORDER BY 1, 2
