-- Foreign-data wrappers, in bundles of equal owner and ACL. pg_foreign_data_wrapper; PostgreSQL 14 to 18. Those of
-- extensions belong here: nearly all are.
SELECT '',
       'foreign data wrapper',
       owners.rolname::text,
       wrappers.acl::text[],
       array_agg(wrappers.fdwname::text ORDER BY wrappers.fdwname::text)
  FROM (SELECT fdwname, fdwowner, COALESCE(fdwacl, '{}')::text AS acl
          FROM pg_catalog.pg_foreign_data_wrapper) AS wrappers
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = wrappers.fdwowner
 GROUP BY 3, wrappers.acl
