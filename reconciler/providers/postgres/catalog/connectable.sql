-- The databases that people connect to. pg_database; PostgreSQL 14 to 18.
SELECT datname::text FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate
