-- A database that answers every question of access as FlowDB does: the grants of FlowDB's role script
-- (docker-entrypoint-initdb.d, prefix 9000) on schemas and tables of the same names, with a few rows and without
-- PostGIS or data. Run as the superuser `flowdb` in the database `flowdb`; PostgreSQL 15 or later.
-- The script's order matters and is kept: what exists before it runs gets other rights than what comes after.

-- Schemas and tables that exist before the roles.

CREATE SCHEMA cache;
CREATE SCHEMA events;
CREATE SCHEMA geography;
CREATE SCHEMA infrastructure;
CREATE SCHEMA dfs;
CREATE SCHEMA interactions;
CREATE SCHEMA routing;
CREATE SCHEMA etl;
CREATE SCHEMA population;
CREATE SCHEMA elevation;
CREATE SCHEMA reduced;

CREATE TABLE cache.cached (
    query_id text PRIMARY KEY,
    version text,
    query text,
    created timestamptz,
    access_count integer,
    last_accessed timestamptz,
    compute_time numeric,
    cache_score_multiplier numeric,
    class text,
    schema text,
    tablename text,
    obj bytea
);
CREATE TABLE cache.dependencies (
    query_id text REFERENCES cache.cached ON DELETE CASCADE,
    depends_on text REFERENCES cache.cached ON DELETE CASCADE,
    PRIMARY KEY (query_id, depends_on)
);
CREATE TABLE cache.cache_config (key text PRIMARY KEY, value text);
CREATE SEQUENCE cache.cache_touches START WITH 1;
INSERT INTO cache.cached (query_id, version, query, created, access_count, class, schema, tablename)
VALUES ('1c6f2', '1.34.0', 'SELECT 1', '2026-01-05T08:00:00Z', 3, 'DailyLocation', 'cache', 'x1c6f2');
INSERT INTO cache.cache_config
VALUES ('half_life', '1000'), ('cache_size', '1000000000'), ('cache_protected_period', '86400');

CREATE TABLE events.calls (
    id text,
    datetime timestamptz NOT NULL,
    msisdn bytea NOT NULL,
    location_id text
) PARTITION BY RANGE (datetime);
CREATE TABLE events.forwards (LIKE events.calls) PARTITION BY RANGE (datetime);
CREATE TABLE events.sms (LIKE events.calls) PARTITION BY RANGE (datetime);
CREATE TABLE events.mds (LIKE events.calls) PARTITION BY RANGE (datetime);
CREATE TABLE events.topups (LIKE events.calls) PARTITION BY RANGE (datetime);
CREATE TABLE events.calls_20260104 PARTITION OF events.calls
FOR VALUES FROM ('2026-01-04T00:00:00Z') TO ('2026-01-05T00:00:00Z');
CREATE TABLE events.sms_20260104 PARTITION OF events.sms
FOR VALUES FROM ('2026-01-04T00:00:00Z') TO ('2026-01-05T00:00:00Z');
CREATE TABLE events.location_ids (
    location_id text,
    cdr_type text,
    first_active_date date,
    last_active_date date,
    PRIMARY KEY (location_id, cdr_type)
);
INSERT INTO events.calls
VALUES
    ('c1', '2026-01-04T07:12:00Z', '\x5ad1', 'L1'),
    ('c2', '2026-01-04T09:30:00Z', '\x77e0', 'L2');
INSERT INTO events.sms VALUES ('s1', '2026-01-04T10:01:00Z', '\x5ad1', 'L1');
INSERT INTO events.location_ids VALUES ('L1', 'calls', '2026-01-04', '2026-01-04');

CREATE TABLE geography.admin3 (admin3pcod text PRIMARY KEY, admin3name text);
INSERT INTO geography.admin3 VALUES ('GH0101', 'Accra'), ('GH0102', 'Tema');
CREATE TABLE infrastructure.cells (id text PRIMARY KEY, site_id text);
INSERT INTO infrastructure.cells VALUES ('L1', 'S1'), ('L2', 'S2');
CREATE TABLE dfs.transactions (id text PRIMARY KEY, amount numeric);
INSERT INTO dfs.transactions VALUES ('t1', 12.50);
CREATE TABLE interactions.locations (location_id text PRIMARY KEY);
INSERT INTO interactions.locations VALUES ('L1');
CREATE TABLE routing.edges (source text, target text);

CREATE TABLE etl.etl_records (
    id serial PRIMARY KEY,
    cdr_type text,
    cdr_date date,
    state text,
    timestamp timestamptz
);
CREATE TABLE etl.post_etl_queries (
    id serial PRIMARY KEY,
    cdr_date date,
    cdr_type text,
    type_of_query_or_check text,
    outcome text
);
INSERT INTO etl.etl_records (cdr_type, cdr_date, state, timestamp)
VALUES ('calls', '2026-01-04', 'ingested', '2026-01-05T02:00:00Z');

CREATE TABLE reduced.sightings (sighting_date date, subscriber_id integer);
CREATE TABLE public.files (id text PRIMARY KEY, full_path text);
INSERT INTO public.files VALUES ('f1', '/files/calls_20260104.csv');

-- The role script. Step 1: the database and the two roles. Their passwords are set by the caller, in the same
-- transaction, as verifiers.

REVOKE CONNECT ON DATABASE flowdb FROM PUBLIC;
CREATE ROLE flowmachine LOGIN;
CREATE ROLE flowapi LOGIN;
GRANT CONNECT, CREATE ON DATABASE flowdb TO flowmachine;
GRANT CONNECT, CREATE ON DATABASE flowdb TO flowapi;

-- Step 2: the schemas that flowmachine writes. Without FOR ROLE, default privileges are the superuser's.

ALTER DEFAULT PRIVILEGES IN SCHEMA cache, geography, population, elevation
GRANT ALL ON TABLES TO flowmachine;
ALTER DEFAULT PRIVILEGES FOR ROLE flowmachine IN SCHEMA cache, geography, population, elevation
GRANT ALL ON TABLES TO flowmachine;
GRANT ALL ON ALL TABLES IN SCHEMA cache, geography, population, elevation TO flowmachine;
GRANT USAGE, CREATE ON SCHEMA cache, geography, population, elevation TO flowmachine;

-- Step 3: the schemas that flowmachine reads.

GRANT USAGE ON SCHEMA events, dfs, infrastructure, routing, interactions, etl TO flowmachine;
GRANT SELECT ON ALL TABLES IN SCHEMA events, dfs, infrastructure, routing, interactions, etl
TO flowmachine;
ALTER DEFAULT PRIVILEGES IN SCHEMA events, dfs, infrastructure, routing, interactions, etl
GRANT SELECT ON SEQUENCES TO flowmachine;
ALTER DEFAULT PRIVILEGES IN SCHEMA events, dfs, infrastructure, routing, interactions, etl
GRANT SELECT ON TABLES TO flowmachine;

-- Step 4: the counter of cache accesses.

GRANT USAGE, SELECT, UPDATE ON SEQUENCE cache.cache_touches TO flowmachine;

-- Step 5: flowapi on future tables of the cache, and on no existing one.

GRANT USAGE ON SCHEMA cache TO flowapi;
ALTER DEFAULT PRIVILEGES IN SCHEMA cache GRANT SELECT ON TABLES TO flowapi;
ALTER DEFAULT PRIVILEGES FOR ROLE flowmachine IN SCHEMA cache GRANT SELECT ON TABLES TO flowapi;

-- Step 6: everybody on future tables of public.

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;

-- Step 7: flowapi on future tables that the superuser makes in geography, and on no other.

GRANT USAGE ON SCHEMA geography TO flowapi;
ALTER DEFAULT PRIVILEGES IN SCHEMA geography GRANT SELECT ON TABLES TO flowapi;

-- Step 8: new tables in cache go to flowmachine. CREATE TABLE AS has another tag and escapes the trigger, as upstream.

CREATE FUNCTION trg_create_in_cache_set_owner_to_flowmachine() RETURNS event_trigger
LANGUAGE plpgsql AS $$
DECLARE
    created record;
BEGIN
    FOR created IN
        SELECT object_identity
        FROM pg_event_trigger_ddl_commands()
        WHERE command_tag = 'CREATE TABLE' AND schema_name = 'cache'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO flowmachine', created.object_identity);
    END LOOP;
END
$$;
CREATE EVENT TRIGGER trg_create_in_cache_set_owner_to_flowmachine ON ddl_command_end
WHEN TAG IN ('CREATE TABLE')
EXECUTE FUNCTION trg_create_in_cache_set_owner_to_flowmachine();

-- After the script, still as flowdb: tables that show the "future" rights.

CREATE TABLE cache.x8d31a (location_id text, value integer);
INSERT INTO cache.x8d31a VALUES ('L1', 2);
CREATE TABLE geography.admin2 (admin2pcod text PRIMARY KEY, admin2name text);
INSERT INTO geography.admin2 VALUES ('GH01', 'Greater Accra');
CREATE TABLE events.calls_20260105 PARTITION OF events.calls
FOR VALUES FROM ('2026-01-05T00:00:00Z') TO ('2026-01-06T00:00:00Z');
INSERT INTO events.calls VALUES ('c3', '2026-01-05T06:45:00Z', '\x9b02', 'L1');
CREATE TABLE public.holidays (day date PRIMARY KEY, name text);
INSERT INTO public.holidays VALUES ('2026-03-06', 'Independence Day');
