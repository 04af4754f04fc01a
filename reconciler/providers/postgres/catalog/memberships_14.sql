-- Who is a member of what, less the memberships of predefined roles. pg_auth_members; PostgreSQL 14 and 15, where an
-- edge has an admin option and no other.
SELECT roles.rolname::text, members.rolname::text, grantors.rolname::text, edges.admin_option, true, true
  FROM pg_catalog.pg_auth_members AS edges
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = edges.roleid
  JOIN pg_catalog.pg_roles AS members ON members.oid = edges.member
  LEFT JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = edges.grantor
 WHERE members.rolname NOT LIKE 'pg\_%'
