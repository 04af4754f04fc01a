-- The same of configuration parameters, which belong to the superuser that initdb made (oid 10).
-- pg_parameter_acl; PostgreSQL 15 to 18.
SELECT 'parameter', '', parameters.parname, grantors.rolname::text, COALESCE(grantees.rolname::text, ''),
       array_agg(items.privilege_type::text || CASE WHEN items.is_grantable THEN '*' ELSE '' END
                 ORDER BY items.privilege_type),
       true
  FROM pg_catalog.pg_parameter_acl AS parameters
 CROSS JOIN LATERAL pg_catalog.aclexplode(parameters.paracl) AS items
  JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = items.grantor
  LEFT JOIN pg_catalog.pg_roles AS grantees ON grantees.oid = items.grantee
 WHERE items.grantor <> 10 AND items.grantee <> items.grantor
   AND %(role)s IN (grantors.rolname, grantees.rolname)
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY 1, 2, 3, 4, 5
