-- Who is a member of what by which grantor, less the memberships of predefined roles. pg_auth_members; from PostgreSQL
-- 16 an edge has inherit and set options, and one pair of roles may have several edges with different grantors.
-- Left out is the edge that the server itself makes when a role without SUPERUSER creates a role: ADMIN alone, granted
-- to the creator by the bootstrap superuser (OID 10). It gives no membership, and its creator cannot revoke it.
SELECT roles.rolname::text, members.rolname::text, grantors.rolname::text,
       edges.admin_option, edges.inherit_option, edges.set_option
  FROM pg_catalog.pg_auth_members AS edges
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = edges.roleid
  JOIN pg_catalog.pg_roles AS members ON members.oid = edges.member
  LEFT JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = edges.grantor
 WHERE members.rolname NOT LIKE 'pg\_%'
   AND NOT (edges.grantor = 10 AND members.rolname = current_user
            AND edges.admin_option AND NOT edges.inherit_option AND NOT edges.set_option)
