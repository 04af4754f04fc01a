-- People in the FlowDB-like database, one for each way that FlowDB's template roles are used; passwords are set by the
-- caller in the same transaction. Run as the superuser in the database `flowdb`, after flowdb.sql.

-- Members of a template role, as FlowDB's administrator guide makes them.
CREATE ROLE analyst1 LOGIN INHERIT IN ROLE flowmachine;
CREATE ROLE viewer1 LOGIN INHERIT IN ROLE flowapi;

-- Cannot connect: CONNECT is inherited, and this member inherits nothing.
CREATE ROLE stuck1 LOGIN NOINHERIT IN ROLE flowmachine;

-- Cannot connect: member of nothing.
CREATE ROLE orphan1 LOGIN;

-- Members through a group that cannot log in.
CREATE ROLE group_a NOLOGIN IN ROLE flowmachine;
CREATE ROLE analyst2 LOGIN INHERIT IN ROLE group_a;

-- Owns objects, so DROP ROLE fails.
CREATE ROLE owner1 LOGIN INHERIT IN ROLE flowmachine;
SET SESSION AUTHORIZATION owner1;
CREATE TABLE geography.owner1_areas (name text);
CREATE TABLE cache.owner1_results AS SELECT 1 AS value;
CREATE SCHEMA owner1_scratch;
RESET SESSION AUTHORIZATION;
