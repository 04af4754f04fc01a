-- Databases to which we may not connect. pg_database; PostgreSQL 14 to 18.
SELECT datname::text
  FROM pg_catalog.pg_database
 WHERE datname = ANY (%(names)s) AND NOT pg_catalog.has_database_privilege(oid, 'CONNECT')
 ORDER BY 1
