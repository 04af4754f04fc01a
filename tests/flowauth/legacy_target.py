"""A simulated FlowAuth up to 1.17 as the conformance suite wants a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reconciler.sandbox.flowauth import Fault as Armed
from reconciler.sandbox.flowauth import FaultKind, by_hand
from tests.conformance.target import Fault, Servers
from tests.flowauth.simulated import SERVER, SimulatedTarget, facts, flowauth_server

RIGHTS = (
    "admin3:daily_location:daily_location",
    "admin2:daily_location:daily_location",
    "admin3:flows:flows",
)


class LegacyTarget(SimulatedTarget):
    """A simulator whose groups hold rights; `rights` are scopes that each stand for themselves."""

    rights = RIGHTS

    def servers_in_turn(self) -> tuple[Servers, Servers]:
        """As in the later releases, but for what stands alone."""
        before, _ = super().servers_in_turn()
        first, second, _ = self.rights
        gained = "admin1:daily_location:daily_location"
        changed = {**flowauth_server((first, second, gained)), "token_life": "1d"}
        return before, {SERVER: changed, "new-server": flowauth_server((first,))}

    def witness(self) -> Mapping[str, object]:
        store = self.simulator.store
        return {**facts(store.snapshot()), **by_hand.group_facts(store)}

    def add_bystanders(self) -> None:
        store = self.simulator.store
        store.add_user("stranger", "of no use", is_admin=True)
        store.add_server("strangers-server")
        held = _held(self.simulator.settings.era)
        by_hand.offer(store, "strangers-server", held)
        by_hand.add_group(store, "strangers-group", members=("stranger",))
        by_hand.give(store, "strangers-group", "strangers-server", held)
        by_hand.give(store, "stranger", "strangers-server", held)

    def revoke_by_hand(self, account: str, role: str) -> None:
        store = self.simulator.store
        link = store.user_id(account), by_hand.group_id(store, role)
        with store.transaction() as tables:
            tables.grouped.members.remove(link)

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        if name != "failing_write":
            with super().fault(name):
                yield
            return
        kind = FaultKind.ERROR_500_BEFORE_EFFECT
        self.simulator.faults.arm(Armed(kind, "PATCH", "/admin/groups/*/servers", nth=2))
        try:
            yield
        finally:
            self.simulator.faults.disarm()


def _held(era: str) -> by_hand.Routes | tuple[str, ...]:
    if era == "A":
        return {"daily_location": (("run", "poll"), ("admin3",))}
    return ("run&daily_location.aggregation_unit.admin3", "anything else")
