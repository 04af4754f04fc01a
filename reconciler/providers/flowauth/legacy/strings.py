"""Rights where each is one text, switched on or off on a server: the last releases before 1.18.

Source: FlowAuth up to 1.17, servers.py and groups.py, capabilities.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from pydantic import TypeAdapter

from reconciler.providers.flowauth.api import checked
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.legacy import api
from reconciler.providers.flowauth.legacy.words import Rights, scope_of

_SWITCHES: Final = TypeAdapter(dict[str, bool])
_TEXTS: Final = TypeAdapter(frozenset[str])


class Strings:
    """A `Dialect`."""

    name = "API scopes"
    tells_inner_queries_apart = True
    may_touch_others = True

    def offered(self, client: Client, server_id: int) -> Rights:
        """What is switched on."""
        switches = _switches(client, server_id)
        return frozenset(text for text, is_on in switches.items() if is_on)

    def held(self, client: Client, group_id: int, server_id: int) -> Rights:
        """What a group is given on a server."""
        route = api.rights_route(group_id, server_id)
        return checked(client, f"GET {route}", _TEXTS, client.get(route))

    def offer(self, client: Client, server_id: int, rights: Rights) -> None:
        """Switch on these and forget the others, but for those that somebody switched off."""
        switches = {t: False for t, is_on in _switches(client, server_id).items() if not is_on}
        switches |= dict.fromkeys(rights, True)
        body = dict(sorted(switches.items()))
        client.write("PATCH", f"/admin/servers/{server_id}/capabilities", body)

    def body(self, rights: Rights) -> object:
        """The texts."""
        return sorted(rights)

    def obstacle(self, rights: Rights) -> str:
        """Any text can be held but a scope of the later releases, which FlowAPI would not know."""
        newer = sorted(right for right in rights if "&" not in right and _is_newer(right))
        return f"{', '.join(newer)} came with 1.18" if newer else ""

    def joined(self, rights: Collection[Rights]) -> Rights:
        """All of them."""
        return frozenset().union(*rights)

    def requests(self, server: str, rights: Rights) -> tuple[str, ...]:
        """One request with all of them."""
        body = json.dumps(dict.fromkeys(sorted(rights), True), ensure_ascii=False)
        return (f"PATCH /admin/servers/<{server}>/capabilities {body}",)


def _is_newer(word: str) -> bool:
    return word == "get_available_dates" or scope_of(word) is not None


def _switches(client: Client, server_id: int) -> dict[str, bool]:
    route = f"/admin/servers/{server_id}/capabilities"
    return checked(client, f"GET {route}", _SWITCHES, client.get(route))
