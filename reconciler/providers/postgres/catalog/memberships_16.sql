-- Who is a member of what by which grantor, less those of predefined roles in each other. pg_auth_members; from PostgreSQL
-- 16 an edge has inherit and set options, and one pair of roles may have several edges with different grantors. The
-- fourth column says whether others than we and the bootstrap superuser (OID 10) granted it.
-- Left out are the edges that come about when a role without SUPERUSER creates a role: ADMIN alone, granted to the
-- creator by the bootstrap superuser, which the creator cannot revoke; and what it granted to itself then
-- (createrole_self_grant). They are the tool's footing, and nobody's membership.
SELECT roles.rolname::text, members.rolname::text, grantors.rolname::text,
       edges.grantor <> 10 AND grantors.rolname <> current_user,
       edges.admin_option, edges.inherit_option, edges.set_option
  FROM pg_catalog.pg_auth_members AS edges
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = edges.roleid
  JOIN pg_catalog.pg_roles AS members ON members.oid = edges.member
  LEFT JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = edges.grantor
 WHERE NOT (members.rolname LIKE 'pg\_%' AND roles.rolname LIKE 'pg\_%')
   AND NOT (members.rolname = current_user AND grantors.rolname = current_user)
   AND NOT (edges.grantor = 10 AND members.rolname = current_user
            AND edges.admin_option AND NOT edges.inherit_option AND NOT edges.set_option)
