-- Functions, procedures and aggregates by signature, in bundles of equal schema, owner and ACL. pg_proc, less what
-- belongs to an extension (pg_depend); PostgreSQL 14 to 18. Types are qualified unless they are in pg_catalog: the
-- session's search_path must be pg_catalog alone. A missing ACL gives what it stands for: everybody may execute.
SELECT schemas.nspname::text,
       'function',
       owners.rolname::text,
       COALESCE(functions.acl::text[], pg_catalog.acldefault('f', owners.oid)::text[]),
       array_agg(functions.signature ORDER BY functions.signature)
  FROM (SELECT oid, pronamespace, proowner, proacl::text AS acl,
               proname::text || '(' || pg_catalog.oidvectortypes(proargtypes) || ')' AS signature
          FROM pg_catalog.pg_proc) AS functions
  JOIN pg_catalog.pg_namespace AS schemas ON schemas.oid = functions.pronamespace
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = functions.proowner
 WHERE schemas.nspname NOT LIKE 'pg\_%' AND schemas.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS dependencies
                    WHERE dependencies.classid = 'pg_catalog.pg_proc'::regclass
                      AND dependencies.objid = functions.oid
                      AND dependencies.deptype = 'e')
 GROUP BY 1, 3, owners.oid, functions.acl
