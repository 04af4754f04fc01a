"""Routes of VPS and their assignments. What a node would do is not here: there is none."""

from reconciler.sandbox.http.messages import Response, json_reply
from reconciler.sandbox.kohakuriver.bodies import Field, path_id, read_body, read_ids
from reconciler.sandbox.kohakuriver.context import Context, Route, said
from reconciler.sandbox.kohakuriver.tables import VpsRow

_CREATE = (Field("name"), Field("required_cores", "int"))
_RUNNING = ("pending", "assigning", "running", "paused")


def list_vps(context: Context) -> Response:
    """GET /vps: every one that ever was, newest first."""
    return json_reply([_shown(context, row) for row in _newest_first(context)])


def list_status(context: Context) -> Response:
    """GET /vps/status: those that run, with fewer fields."""
    fields = ("task_id", "name", "owner_id", "assignees", "status")
    rows = (row for row in _newest_first(context) if row.status in _RUNNING)
    return json_reply([{name: _shown(context, row)[name] for name in fields} for row in rows])


def list_mine(context: Context) -> Response:
    """GET /vps/my: those assigned to the caller; owning one is not enough."""
    own = {row.task_id for row in context.tables.assignments if row.user == context.caller.id}
    rows = (row for row in _newest_first(context) if row.task_id in own)
    return json_reply([_shown(context, row) for row in rows])


def create_vps(context: Context) -> Response:
    """POST /vps/create: 503 without a node, as here unless the settings say that there is one."""
    body = read_body(context.request, _CREATE)
    if not context.settings.has_runner:
        raise said("No suitable node available for this VPS.", 503)
    context.store.wait_to_write()
    owner = context.caller.id if context.caller.user else None
    name = body.get("name")
    row = context.store.add_vps(None if name is None else str(name), owner)
    return json_reply({"message": "VPS created successfully", "task_id": str(row.task_id)})


def stop_vps(context: Context) -> Response:
    """POST /vps/stop/TASK: the row stays."""
    row = _vps(context)
    if row.status not in _RUNNING:
        raise said(f"VPS cannot be stopped (state: {row.status})", 409)
    context.store.wait_to_write()
    row.status = "stopped"
    return json_reply({"message": f"VPS {row.task_id} stop requested."}, 202)


def assign(context: Context) -> Response:
    """POST /vps/TASK/assign: adds; the answer repeats what was sent, whatever came of it."""
    row = _vps(context)
    ids = read_ids(context.request)
    for number in ids:
        if number not in context.tables.users:
            raise said(f"User {number} not found.", 404)
    if ids:
        context.store.wait_to_write()
    new = sum(context.store.assign(row.task_id, number) for number in ids)
    message = f"VPS {row.task_id} assigned to {new} user(s)."
    return json_reply({"message": message, "task_id": row.task_id, "assigned_users": ids})


def unassign(context: Context) -> Response:
    """DELETE /vps/TASK/assign/USER: one, also of an id that is nobody's."""
    row = _vps(context)
    number = path_id(context.arguments[1], "user_id")
    if not any(each.user == number for each in context.tables.assigned(row.task_id)):
        raise said(f"User {number} is not assigned to VPS {row.task_id}.", 404)
    context.store.wait_to_write()
    context.store.unassign(row.task_id, number)
    return json_reply({"message": f"User {number} unassigned from VPS {row.task_id}."})


def list_assignments(context: Context) -> Response:
    """GET /vps/TASK/assignments: those of users who are there."""
    row = _vps(context)
    users = context.tables.users
    found = [
        {
            "user_id": each.user,
            "username": users[each.user].username,
            "display_name": users[each.user].display_name,
            "assigned_at": context.time_text(each.assigned_at),
        }
        for each in context.tables.assigned(row.task_id)
        if each.user in users
    ]
    return json_reply({"task_id": row.task_id, "assignments": found})


def _vps(context: Context) -> VpsRow:
    row = context.tables.vps.get(path_id(context.arguments[0], "task_id"))
    if row is None:
        raise said("VPS not found.", 404)
    return row


def _newest_first(context: Context) -> list[VpsRow]:
    rows = context.tables.vps.values()
    return sorted(rows, key=lambda row: (row.submitted_at, row.task_id), reverse=True)


def _shown(context: Context, row: VpsRow) -> dict[str, object]:
    users = context.tables.users
    owner = users.get(row.owner) if row.owner is not None else None
    nothing = dict.fromkeys(
        (
            *("assigned_node", "target_numa_node_id", "container_name", "ssh_port", "vm_image"),
            *("vm_ip", "exit_code", "error_message", "started_at", "completed_at"),
        )
    )
    return {
        "task_id": str(row.task_id),
        "name": row.name,
        "owner_id": row.owner,
        "owner_username": owner.username if owner else None,
        "assignees": _assignees(context, row),
        "required_cores": 1,
        "required_gpus": [],
        "required_memory_bytes": None,
        "status": row.status,
        "vps_backend": "docker",
        "submitted_at": context.time_text(row.submitted_at),
        **nothing,
    }


def _assignees(context: Context, row: VpsRow) -> list[dict[str, object]]:
    """Nobody, as soon as one of them is not there any more."""
    users = [context.tables.users.get(each.user) for each in context.tables.assigned(row.task_id)]
    there = [user for user in users if user is not None]
    if len(there) < len(users):
        return []
    return [
        {"id": user.id, "username": user.username, "display_name": user.display_name}
        for user in there
    ]


ROUTES = (
    Route("GET", "/vps", list_vps, "viewer"),
    Route("GET", "/vps/status", list_status, "viewer"),
    Route("GET", "/vps/my", list_mine, "user"),
    Route("POST", "/vps/create", create_vps, "operator"),
    Route("POST", "/vps/stop/*", stop_vps, "operator"),
    Route("POST", "/vps/*/assign", assign, "operator"),
    Route("DELETE", "/vps/*/assign/*", unassign, "operator"),
    Route("GET", "/vps/*/assignments", list_assignments, "operator"),
)
