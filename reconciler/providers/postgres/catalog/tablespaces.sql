-- Tablespaces of the cluster, in bundles of equal owner and ACL. pg_tablespace; PostgreSQL 14 to 18.
SELECT '',
       'tablespace',
       owners.rolname::text,
       tablespaces.acl::text[],
       array_agg(tablespaces.spcname::text ORDER BY tablespaces.spcname::text)
  FROM (SELECT spcname, spcowner, COALESCE(spcacl, '{}')::text AS acl
          FROM pg_catalog.pg_tablespace) AS tablespaces
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = tablespaces.spcowner
 GROUP BY 3, tablespaces.acl
