-- Trusted languages, in bundles of equal owner and ACL. pg_language; PostgreSQL 14 to 18. Nobody can be given an
-- untrusted one. Those of extensions belong here: all but SQL are. A missing ACL gives what it stands for: everybody may
-- use the language.
SELECT '',
       'language',
       owners.rolname::text,
       COALESCE(languages.acl::text[], pg_catalog.acldefault('l', owners.oid)::text[]),
       array_agg(languages.lanname::text ORDER BY languages.lanname::text)
  FROM (SELECT lanname, lanowner, lanacl::text AS acl
          FROM pg_catalog.pg_language
         WHERE lanpltrusted) AS languages
  JOIN pg_catalog.pg_roles AS owners ON owners.oid = languages.lanowner
 GROUP BY 3, owners.oid, languages.acl
