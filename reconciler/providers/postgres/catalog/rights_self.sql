-- Who we are, which powers our role has, and how it holds the roles that it creates: createrole_self_grant is there
-- from PostgreSQL 16. pg_roles; PostgreSQL 14 to 18.
SELECT current_user::text, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'),
       COALESCE(pg_catalog.current_setting('createrole_self_grant', true), '')
  FROM pg_catalog.pg_roles
 WHERE rolname = current_user
