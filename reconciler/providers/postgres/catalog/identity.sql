-- Who we are, and what no plan may touch: our own role, the bootstrap superuser (OID 10) and the owners of databases.
-- The last column says whether place.sql may be asked: everybody may, unless an administrator took that away.
-- pg_roles, pg_database; PostgreSQL 14 to 18.
SELECT current_user::text,
       ARRAY(SELECT rolname::text
               FROM pg_catalog.pg_roles
              WHERE oid = 10
                 OR rolname IN (session_user, current_user)
                 OR oid IN (SELECT datdba FROM pg_catalog.pg_database)),
       has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
