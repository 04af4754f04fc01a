-- The comments of schemas, each in the place of the owner; they have no ACL here. pg_namespace, pg_description;
-- PostgreSQL 14 to 18.
SELECT '',
       'schema comment',
       descriptions.description::text,
       '{}'::text[],
       ARRAY[schemas.nspname::text]
  FROM pg_catalog.pg_namespace AS schemas
  JOIN pg_catalog.pg_description AS descriptions ON descriptions.objoid = schemas.oid
   AND descriptions.classoid = 'pg_catalog.pg_namespace'::regclass AND descriptions.objsubid = 0
 WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
