-- What is kept of the passwords of some roles, whole: for those whose password comes from outside.
-- pg_authid, which only superusers read unless somebody granted it; PostgreSQL 14 to 18.
SELECT rolname::text, rolpassword
  FROM pg_catalog.pg_authid
 WHERE rolname = ANY (%(names)s::name[])
