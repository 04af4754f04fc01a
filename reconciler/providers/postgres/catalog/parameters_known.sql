-- The parameters that this server has, who may set them, and the type of their values. pg_settings; PostgreSQL 14 to
-- 18. Some are not shown to those without pg_read_all_settings.
SELECT name::text, context::text, vartype::text FROM pg_catalog.pg_settings
