-- Who we are, and what no plan may touch: our own role, the bootstrap superuser (OID 10) and the owners of databases.
-- Whether place.sql may be asked: everybody may, unless an administrator took that away. Whether one of the roles is
-- there by which managed services are recognised. Who is among them as the owner of a database alone.
-- pg_roles, pg_database; PostgreSQL 14 to 18.
SELECT current_user::text,
       ARRAY(SELECT rolname::text
               FROM pg_catalog.pg_roles
              WHERE oid = 10
                 OR rolname IN (session_user, current_user)
                 OR oid IN (SELECT datdba FROM pg_catalog.pg_database)),
       has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
       EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ANY (%(signs)s::name[])),
       ARRAY(SELECT rolname::text
               FROM pg_catalog.pg_roles
              WHERE oid <> 10 AND rolname NOT IN (session_user, current_user)
                AND oid IN (SELECT datdba FROM pg_catalog.pg_database))
