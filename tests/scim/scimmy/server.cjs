// A SCIM service made of the npm packages scimmy and scimmy-routers, with storage in memory.
//
//   node server.cjs FOLDER      FOLDER holds node_modules; the environment's SCIM_TOKEN is the token
//
// It prints its port, and ends when its standard input does. The storage does as little as it may:
// it applies no filter, keeps members as they are sent, twice if sent twice, and cleans up nothing.
"use strict";

const path = require("node:path");
const {createRequire} = require("node:module");
const {randomUUID} = require("node:crypto");

const load = createRequire(path.join(path.resolve(process.argv[2]), "package.json"));
const express = load("express");
const SCIMMY = load("scimmy").default ?? load("scimmy");
const SCIMMYRouters = load("scimmy-routers").default ?? load("scimmy-routers");

const token = process.env.SCIM_TOKEN;

function keep(Resource, name) {
    const rows = new Map();
    SCIMMY.Resources.declare(Resource)
        .ingress((resource, instance) => {
            const folded = String(instance[name]).toLowerCase();
            for (const [id, row] of rows) {
                const isTaken = name === "userName" && row[name].toLowerCase() === folded;
                if (isTaken && id !== resource.id) {
                    throw new SCIMMY.Types.Error(409, "uniqueness", `${name} is taken`);
                }
            }
            if (resource.id && !rows.has(resource.id)) {
                throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
            }
            const id = resource.id ?? randomUUID();
            const row = {...JSON.parse(JSON.stringify(instance)), id};
            delete row.meta;
            rows.set(id, row);
            return row;
        })
        .egress((resource) => {
            if (!resource.id) return [...rows.values()];
            if (!rows.has(resource.id)) {
                throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
            }
            return rows.get(resource.id);
        })
        .degress((resource) => {
            if (!rows.delete(resource.id)) {
                throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
            }
        });
}

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
keep(SCIMMY.Resources.User, "userName");
keep(SCIMMY.Resources.Group, "displayName");

const application = express();
application.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) {
            throw new Error("a wrong token");
        }
        return null;
    },
}));

const server = application.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
