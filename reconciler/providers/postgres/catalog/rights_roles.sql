-- What we may do with other roles: with ADMIN OPTION give and take them, with USAGE do what they may, with SET become
-- them. Before PostgreSQL 16 every member could become the role: the caller asks for MEMBER there. pg_roles;
-- PostgreSQL 14 to 18.
SELECT rolname::text, rolsuper, rolreplication,
       pg_catalog.pg_has_role(oid, 'MEMBER WITH ADMIN OPTION'),
       pg_catalog.pg_has_role(oid, 'USAGE'),
       pg_catalog.pg_has_role(oid, %(become)s)
  FROM pg_catalog.pg_roles
 WHERE rolname = ANY (%(names)s)
