-- Sequences that belong to a column, of type serial or an identity: their owner is that of the table, which stands in
-- the place of the owner here. Both are in one schema. pg_class, pg_depend; PostgreSQL 14 to 18. They have no ACL here.
SELECT schemas.nspname::text,
       'owned sequence',
       tables.relname::text,
       '{}'::text[],
       array_agg(sequences.relname::text ORDER BY sequences.relname::text)
  FROM pg_catalog.pg_depend AS dependencies
  JOIN pg_catalog.pg_class AS sequences ON sequences.oid = dependencies.objid AND sequences.relkind = 'S'
  JOIN pg_catalog.pg_class AS tables ON tables.oid = dependencies.refobjid
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = sequences.relnamespace
 WHERE dependencies.classid = 'pg_catalog.pg_class'::regclass
   AND dependencies.refclassid = 'pg_catalog.pg_class'::regclass
   AND dependencies.refobjsubid > 0 AND dependencies.deptype IN ('a', 'i')
   AND schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
 GROUP BY 1, 3
