-- Roles whose password is stored as MD5, which PostgreSQL 18 warns of and a later one will refuse. pg_authid, which
-- only superusers and whom they allowed may read: nothing is said of it to others. PostgreSQL 14 to 18.
SELECT rolname::text FROM pg_catalog.pg_authid WHERE rolpassword LIKE 'md5%' ORDER BY 1
