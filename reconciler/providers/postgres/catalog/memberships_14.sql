-- Who is a member of what, less those of predefined roles in each other. pg_auth_members; PostgreSQL 14 and 15, where an
-- edge has an admin option and no other. The fourth column says whether somebody else granted it.
SELECT roles.rolname::text, members.rolname::text, grantors.rolname::text,
       COALESCE(grantors.oid <> 10 AND grantors.rolname <> current_user, false),
       edges.admin_option, true, true
  FROM pg_catalog.pg_auth_members AS edges
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = edges.roleid
  JOIN pg_catalog.pg_roles AS members ON members.oid = edges.member
  LEFT JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = edges.grantor
 WHERE NOT (members.rolname LIKE 'pg\_%' AND roles.rolname LIKE 'pg\_%')
