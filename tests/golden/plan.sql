-- Plan for access.yaml, made 2027-01-02T03:04:05Z
-- For psql. It stops at the first error, and what was not committed then is undone.
-- `reconciler apply` also takes a lock, reads everything back, and counts a WARNING of GRANT
-- or REVOKE as a failure, since these then did nothing.
\set ON_ERROR_STOP on

-- archive (memory): memory 1, as reconciler

-- database flowdb
\connect flowdb
BEGIN;
SELECT 1;
COMMIT;

-- flowauth (flowauth): FlowAuth 1.34, as reconciler
-- S-0a1b2c3d blocks: "ghana-api/old" would be left without anybody; it would lose Amina Diallo, Kofi Mensah
-- left out: 3 changes
--   update account kofi
--   delete membership ghana-api/old/kofi
--   delete membership ghana-api/old/amina
-- what is sent is no SQL:
--   POST /x

-- flowdb (postgres): PostgreSQL 17.4, as reconciler
-- D-0a1b2c3d holds: Kofi Mensah (kofi) was cut on the target: login is no, was yes
-- left out: 1 change
--   update account kofi
-- what is sent is no SQL:
--   POST /x
