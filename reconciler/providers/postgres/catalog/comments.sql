-- The comments of the roles that have one. pg_shdescription, joined: shobj_description would be called for each role.
-- PostgreSQL 14 to 18.
SELECT roles.rolname::text, descriptions.description::text
  FROM pg_catalog.pg_shdescription AS descriptions
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = descriptions.objoid
 WHERE descriptions.classoid = 'pg_catalog.pg_authid'::regclass
