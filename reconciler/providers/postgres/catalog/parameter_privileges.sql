-- Configuration parameters, in bundles of equal ACL, by the name under which PostgreSQL keeps an ACL: in small letters.
-- pg_settings, pg_parameter_acl; PostgreSQL 15 to 18. They belong to the superuser that initdb made (oid 10), in whose
-- name they are granted. The name * says that there are others, which only pg_read_all_settings is shown.
SELECT '',
       'parameter',
       owners.rolname::text,
       parameters.acl::text[],
       array_agg(parameters.name ORDER BY parameters.name)
  FROM (SELECT COALESCE(settings.name, acls.parname) AS name, COALESCE(acls.paracl, '{}')::text AS acl
          FROM (SELECT lower(name COLLATE "C") AS name FROM pg_catalog.pg_settings
                 UNION ALL
                SELECT '*' WHERE NOT pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')) AS settings
          FULL JOIN pg_catalog.pg_parameter_acl AS acls ON acls.parname = settings.name) AS parameters
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = 10
 GROUP BY 3, parameters.acl
