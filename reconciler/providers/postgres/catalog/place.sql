-- Which cluster this is: a number that initdb gave it, the same at every address and on its standbys.
-- pg_control_system; PostgreSQL 14 to 18.
SELECT 'cluster ' || system_identifier FROM pg_catalog.pg_control_system()
