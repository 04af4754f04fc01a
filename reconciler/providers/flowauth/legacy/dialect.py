"""How the two kinds of releases up to 1.17 differ: in the way that rights are read and written."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.legacy.words import Rights


class Dialect(Protocol):
    """Reads and writes rights. They come complete, as spelled in `words`."""

    @property
    def name(self) -> str:
        """What rights are called there, for people."""

    @property
    def tells_inner_queries_apart(self) -> bool:
        """Whether a right on a query holds for some of its inner queries only."""

    @property
    def may_touch_others(self) -> bool:
        """Whether writing one group's rights was seen to change those of others."""

    def offered(self, client: Client, server_id: int) -> Rights:
        """What groups can be given on a server."""

    def held(self, client: Client, group_id: int, server_id: int) -> Rights:
        """What a group is given on a server."""

    def offer(self, client: Client, server_id: int, rights: Rights) -> None:
        """Make these all that groups can be given on a server; what is not there is created."""

    def body(self, rights: Rights) -> object:
        """Rights as the entry of a group's server has them."""

    def obstacle(self, rights: Rights) -> str:
        """Why these rights cannot be held; empty where they can."""

    def joined(self, rights: Collection[Rights]) -> Rights:
        """The fewest rights that can be held and have all of these in them."""

    def requests(self, server: str, rights: Rights) -> tuple[str, ...]:
        """What `offer` sends, for a reviewer."""
