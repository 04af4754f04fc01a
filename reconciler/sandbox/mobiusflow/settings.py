"""Settings of one simulated engine, and in what it differs from others of its kind."""

from dataclasses import dataclass, field
from typing import Literal

Dialect = Literal["v1", "v3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MobiusFlowSettings:
    """What one simulated engine is: its API, where that is, and the administrator it begins with.

    Lives of tokens are in seconds, of v1 alone.
    """

    dialect: Dialect = "v1"
    prefix: str = "/api/v1"
    admin_username: str = "admin"
    admin_password: str = field(repr=False)
    version: str = "1.24.0"
    access_life_s: int = 3600
    refresh_life_s: int = 43200


@dataclass(slots=True, kw_only=True)
class Oddities:
    """In what an engine differs; may be changed while it runs.

    v1: `refuses_extra_keys` (else they are stripped), `tells_no_end` (tokens without `exp`),
    `bare_ids` (a user's id without an object), `five_switches` (engines of 2022 have no
    `subscribe`), `duplicates` (how a name that is there is answered), `auth_provider`,
    `refuses_settings`, `terse_errors` (without `ts` and `code`).

    v3: `id_key`, `list_path` (empty: there is no list), `no_list` (what is there instead),
    `wrapped` (the list is in an object), `roles_as` (one role as a text or as a list),
    `hides_email`, `hides_active`.

    Both: `silent_writes` are answered and do nothing, `hides_users` leaves some out of the list.
    """

    refuses_extra_keys: bool = True
    tells_no_end: bool = False
    bare_ids: bool = False
    five_switches: bool = False
    duplicates: Literal["error", "success"] = "error"
    auth_provider: str = "local"
    refuses_settings: bool = False
    terse_errors: bool = False
    id_key: str = "_id"
    list_path: str = "/user"
    no_list: Literal["404", "401", "page"] = "404"
    wrapped: bool = False
    roles_as: Literal["text", "list"] = "text"
    hides_email: bool = False
    hides_active: bool = False
    silent_writes: bool = False
    hides_users: frozenset[str] = frozenset()
