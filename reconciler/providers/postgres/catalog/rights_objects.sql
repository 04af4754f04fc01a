-- What we may do with objects of this database, in the order they are asked for: whether we may look into the schema,
-- whether we may grant the privilege (NULL where none is named), who owns the object, and who granted something on it
-- to any of the named roles, of which the empty one is PUBLIC. pg_database, pg_namespace, pg_class, pg_attribute, pg_proc, pg_type, pg_language,
-- pg_foreign_data_wrapper, pg_foreign_server, pg_largeobject_metadata, pg_tablespace; PostgreSQL 14 to 18. The search_path must be pg_catalog
-- alone, as for functions.sql. What is not there gives no row.
WITH wanted AS (
    SELECT kind, schema, name, NULLIF(privilege, '') || ' WITH GRANT OPTION' AS privilege, number
      FROM unnest(%(kinds)s::text[], %(schemas)s::text[], %(names)s::text[], %(privileges)s::text[])
           WITH ORDINALITY AS wanted (kind, schema, name, privilege, number)
), routines AS (
    SELECT oid, pronamespace, proowner, proacl,
           proname::text || '(' || pg_catalog.oidvectortypes(proargtypes) || ')' AS signature
      FROM pg_catalog.pg_proc
     WHERE EXISTS (SELECT FROM wanted WHERE kind = 'function')
), objects AS (
    SELECT number, true AS may_look, datdba AS owner,
           COALESCE(datacl, pg_catalog.acldefault('d', datdba)) AS acl,
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_database_privilege(oid, privilege) END AS may_grant
      FROM wanted JOIN pg_catalog.pg_database ON kind = 'database' AND datname = name
    UNION ALL
    SELECT number, true, nspowner, nspacl,
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_schema_privilege(oid, privilege) END
      FROM wanted JOIN pg_catalog.pg_namespace ON kind = 'schema' AND nspname = name
    UNION ALL
    SELECT number, pg_catalog.has_schema_privilege(schemas.oid, 'USAGE'), relowner, relacl,
           CASE WHEN privilege IS NULL THEN NULL
                WHEN relkind = 'S' THEN pg_catalog.has_sequence_privilege(relations.oid, privilege)
                ELSE pg_catalog.has_table_privilege(relations.oid, privilege) END
      FROM wanted
      JOIN pg_catalog.pg_namespace AS schemas ON nspname = schema
      JOIN pg_catalog.pg_class AS relations ON relnamespace = schemas.oid AND relname = name
     WHERE kind IN ('table', 'view', 'sequence')
    UNION ALL
    SELECT number, pg_catalog.has_schema_privilege(schemas.oid, 'USAGE'), proowner,
           COALESCE(proacl, pg_catalog.acldefault('f', proowner)),
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_function_privilege(routines.oid, privilege) END
      FROM wanted
      JOIN pg_catalog.pg_namespace AS schemas ON nspname = schema
      JOIN routines ON pronamespace = schemas.oid AND signature = name
     WHERE kind = 'function'
    UNION ALL
    SELECT number, pg_catalog.has_schema_privilege(schemas.oid, 'USAGE'), typowner,
           COALESCE(typacl, pg_catalog.acldefault('T', typowner)),
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_type_privilege(types.oid, privilege) END
      FROM wanted
      JOIN pg_catalog.pg_namespace AS schemas ON nspname = schema
      JOIN pg_catalog.pg_type AS types ON typnamespace = schemas.oid AND typname = name
     WHERE kind = 'type'
    UNION ALL
    SELECT number, pg_catalog.has_schema_privilege(schemas.oid, 'USAGE'), relowner, attacl,
           CASE WHEN privilege IS NOT NULL
                THEN pg_catalog.has_column_privilege(relations.oid, attnum, privilege) END
      FROM wanted
      JOIN pg_catalog.pg_namespace AS schemas ON nspname = schema
      JOIN pg_catalog.pg_class AS relations ON relnamespace = schemas.oid
      JOIN pg_catalog.pg_attribute AS attributes ON attrelid = relations.oid
           AND replace(replace(relname::text, '\', '\\'), '.', '\.') || '.' || attname::text = name
     WHERE kind = 'column' AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT number, true, lanowner, COALESCE(lanacl, pg_catalog.acldefault('l', lanowner)),
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_language_privilege(oid, privilege) END
      FROM wanted JOIN pg_catalog.pg_language ON kind = 'language' AND lanname = name
    UNION ALL
    SELECT number, true, fdwowner, fdwacl,
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_foreign_data_wrapper_privilege(oid, privilege) END
      FROM wanted JOIN pg_catalog.pg_foreign_data_wrapper ON kind = 'foreign data wrapper' AND fdwname = name
    UNION ALL
    SELECT number, true, srvowner, srvacl,
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_server_privilege(oid, privilege) END
      FROM wanted JOIN pg_catalog.pg_foreign_server ON kind = 'foreign server' AND srvname = name
    UNION ALL
    SELECT number, true, lomowner, lomacl,
           CASE WHEN privilege IS NOT NULL
                THEN pg_catalog.pg_has_role(lomowner, 'USAGE')
                     OR EXISTS (SELECT FROM pg_catalog.aclexplode(lomacl) AS items
                                 WHERE items.is_grantable AND items.privilege_type || ' WITH GRANT OPTION' = privilege
                                   AND pg_catalog.pg_has_role(items.grantee, 'USAGE')) END
      FROM wanted JOIN pg_catalog.pg_largeobject_metadata ON kind = 'large object' AND oid::text = name
    UNION ALL
    SELECT number, true, spcowner, spcacl,
           CASE WHEN privilege IS NOT NULL THEN pg_catalog.has_tablespace_privilege(oid, privilege) END
      FROM wanted JOIN pg_catalog.pg_tablespace ON kind = 'tablespace' AND spcname = name
)
SELECT number::int, may_look, may_grant, owners.rolname::text,
       ARRAY(SELECT DISTINCT grantors.rolname::text
               FROM pg_catalog.aclexplode(objects.acl) AS items
               JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = items.grantor
               LEFT JOIN pg_catalog.pg_roles AS grantees ON grantees.oid = items.grantee
              WHERE COALESCE(grantees.rolname::text, '') = ANY (%(roles)s))
  FROM objects JOIN pg_catalog.pg_roles AS owners ON owners.oid = objects.owner
 ORDER BY number
