-- What sessions of each role start with: in a database, or (empty) in all of them. pg_db_role_setting, which pg_roles
-- shows for all databases together alone; PostgreSQL 14 to 18.
SELECT roles.rolname::text, COALESCE(databases.datname::text, ''), settings.setconfig::text[]
  FROM pg_catalog.pg_db_role_setting AS settings
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = settings.setrole
  LEFT JOIN pg_catalog.pg_database AS databases ON databases.oid = settings.setdatabase
