-- Columns on which somebody was granted something, in bundles of equal schema, owner and ACL: read where nobody asks for
-- all columns (columns.sql), so that no privilege in a schema of the manifest is overlooked. pg_attribute, pg_class, less
-- what belongs to an extension (pg_depend); PostgreSQL 14 to 18. Names are as in columns.sql.
SELECT schemas.nspname::text,
       'column',
       owners.rolname::text,
       columns.acl::text[],
       array_agg(columns.name ORDER BY columns.name)
  FROM (SELECT relations.oid, relations.relnamespace, relations.relowner, attributes.attacl::text AS acl,
               replace(replace(relations.relname::text, '\', '\\'), '.', '\.') || '.' || attributes.attname::text
               AS name
          FROM pg_catalog.pg_attribute AS attributes
          JOIN pg_catalog.pg_class AS relations ON relations.oid = attributes.attrelid
         WHERE attributes.attacl IS NOT NULL AND attributes.attnum > 0 AND NOT attributes.attisdropped
           AND relations.relkind IN ('r', 'p', 'f', 'v', 'm')) AS columns
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = columns.relnamespace
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = columns.relowner
 WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS dependencies
                    WHERE dependencies.classid = 'pg_catalog.pg_class'::regclass
                      AND dependencies.objid = columns.oid
                      AND dependencies.objsubid = 0
                      AND dependencies.deptype = 'e')
 GROUP BY 1, 3, columns.acl
