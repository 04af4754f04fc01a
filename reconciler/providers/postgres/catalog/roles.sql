-- Every role with its attributes. pg_roles, which everybody may read; PostgreSQL 14 to 18.
-- A missing and an infinite rolvaliduntil mean the same.
SELECT rolname::text,
       rolcanlogin,
       rolinherit,
       rolsuper,
       rolcreatedb,
       rolcreaterole,
       rolreplication,
       rolbypassrls,
       rolconnlimit,
       CASE
           WHEN rolvaliduntil IS NULL OR rolvaliduntil = 'infinity' THEN 'infinity'
           WHEN rolvaliduntil = '-infinity' THEN '-infinity'
           ELSE to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
       END
  FROM pg_catalog.pg_roles
