-- The salts of the SCRAM verifiers of some roles, and nothing else of them: the server tells a salt
-- to everybody who tries to sign in. Empty for another kind, NULL without a password.
-- pg_authid, which only superusers read unless somebody granted it; PostgreSQL 14 to 18.
SELECT rolname::text,
       CASE
           WHEN rolpassword LIKE 'SCRAM-SHA-256$%%'
           THEN split_part(split_part(rolpassword, '$', 2), ':', 2)
           WHEN rolpassword IS NOT NULL THEN ''
       END
  FROM pg_catalog.pg_authid
 WHERE rolname = ANY (%(names)s::name[])
