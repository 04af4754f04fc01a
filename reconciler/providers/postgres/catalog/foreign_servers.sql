-- Foreign servers, in bundles of equal owner and ACL. pg_foreign_server; PostgreSQL 14 to 18.
SELECT '',
       'foreign server',
       owners.rolname::text,
       servers.acl::text[],
       array_agg(servers.srvname::text ORDER BY servers.srvname::text)
  FROM (SELECT srvname, srvowner, COALESCE(srvacl, '{}')::text AS acl
          FROM pg_catalog.pg_foreign_server) AS servers
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = servers.srvowner
 GROUP BY 3, servers.acl
