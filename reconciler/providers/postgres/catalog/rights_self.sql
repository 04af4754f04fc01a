-- Who we are, and which powers our role has. pg_roles; PostgreSQL 14 to 18.
SELECT current_user::text, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')
  FROM pg_catalog.pg_roles
 WHERE rolname = current_user
