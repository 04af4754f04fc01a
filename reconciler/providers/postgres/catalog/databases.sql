-- Every database with its owner and ACL. pg_database; PostgreSQL 14 to 18. A missing ACL gives what it stands
-- for: everybody may connect and make temporary tables.
SELECT databases.datname::text, owners.rolname::text, COALESCE(databases.datacl, pg_catalog.acldefault('d', databases.datdba))::text[]
  FROM pg_catalog.pg_database AS databases
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = databases.datdba
