-- Trusted languages, in bundles of equal owner and ACL. pg_language; PostgreSQL 14 to 18. Nobody can be given an
-- untrusted one. Those of extensions belong here: all but SQL are.
SELECT '',
       'language',
       owners.rolname::text,
       languages.acl::text[],
       array_agg(languages.lanname::text ORDER BY languages.lanname::text)
  FROM (SELECT lanname, lanowner, COALESCE(lanacl, '{}')::text AS acl
          FROM pg_catalog.pg_language
         WHERE lanpltrusted) AS languages
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = languages.lanowner
 GROUP BY 3, languages.acl
