-- Large objects by number, in bundles of equal owner and ACL. pg_largeobject_metadata; PostgreSQL 14 to 18. A missing ACL
-- gives an empty list: the default gives nothing to anybody but the owner.
SELECT '',
       'large object',
       owners.rolname::text,
       objects.acl::text[],
       array_agg(objects.number ORDER BY objects.number)
  FROM (SELECT oid::text AS number, lomowner, COALESCE(lomacl, '{}')::text AS acl
          FROM pg_catalog.pg_largeobject_metadata) AS objects
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = objects.lomowner
 GROUP BY 3, objects.acl
