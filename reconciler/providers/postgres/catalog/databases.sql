-- Every database with its owner and ACL. pg_database; PostgreSQL 14 to 18. A missing ACL gives an empty list:
-- the default gives nothing to anybody but the owner and PUBLIC.
SELECT databases.datname::text, owners.rolname::text, COALESCE(databases.datacl, '{}')::text[]
  FROM pg_catalog.pg_database AS databases
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = databases.datdba
