-- In which databases something refers to roles: privileges, defaults, policies. pg_shdepend; PostgreSQL 14 to 18.
SELECT DISTINCT roles.rolname::text, databases.datname::text
  FROM pg_catalog.pg_shdepend AS dependencies
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = dependencies.refobjid
  JOIN pg_catalog.pg_database AS databases
    ON databases.oid = dependencies.dbid
    OR (dependencies.dbid = 0 AND dependencies.classid = 'pg_catalog.pg_database'::regclass
        AND databases.oid = dependencies.objid)
 WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass AND roles.rolname = ANY (%(names)s)
 ORDER BY 1, 2
