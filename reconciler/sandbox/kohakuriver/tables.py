"""The rows of a simulated KohakuRiver host, as its SQLite file has them.

Foreign keys are never enforced and nothing cascades: a deleted user's tokens, sessions, invitations
and assignments stay, and belong to whoever gets the id next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LEVELS = ("anony", "viewer", "user", "operator", "admin")


@dataclass(slots=True)
class UserRow:
    """An account."""

    id: int
    username: str
    password: str = field(repr=False)
    display_name: str | None
    role: str
    created_at: float
    is_active: bool = True


@dataclass(slots=True)
class InvitationRow:
    """An invitation; its token stands there in plain text."""

    id: int
    token: str = field(repr=False)
    role: str
    group_id: int | None
    max_usage: int
    expires_at: float
    created_by: int | None
    created_at: float
    usage_count: int = 0

    def is_valid(self, now: float) -> bool:
        """Whether somebody may still register with it."""
        return now < self.expires_at and self.usage_count < self.max_usage


@dataclass(slots=True)
class TokenRow:
    """An API token; of whoever has the id `owner`, which may be nobody's."""

    id: int
    owner: int
    name: str
    digest: str = field(repr=False)
    created_at: float
    last_used: float | None = None


@dataclass(slots=True)
class SessionRow:
    """An HTTP session. Its end is fixed when it begins."""

    cookie: str = field(repr=False)
    user: int
    expires_at: float


@dataclass(slots=True)
class VpsRow:
    """A VPS; rows are never deleted."""

    task_id: int
    name: str | None
    owner: int | None
    submitted_at: float
    status: str = "running"


@dataclass(slots=True)
class AssignmentRow:
    """That a VPS is assigned to whoever has this id."""

    task_id: int
    user: int
    assigned_at: float


@dataclass(slots=True)
class Tables:
    """All rows of one host."""

    users: dict[int, UserRow] = field(default_factory=dict)
    invitations: dict[int, InvitationRow] = field(default_factory=dict)
    tokens: dict[int, TokenRow] = field(default_factory=dict)
    sessions: list[SessionRow] = field(default_factory=list)
    vps: dict[int, VpsRow] = field(default_factory=dict)
    assignments: list[AssignmentRow] = field(default_factory=list)
    groups: dict[int, str] = field(default_factory=dict)

    def user_named(self, name: str) -> UserRow | None:
        """The user of exactly this name."""
        return next((row for row in self.users.values() if row.username == name), None)

    def assigned(self, task_id: int) -> Iterator[AssignmentRow]:
        """The assignments of a VPS, orphaned ones too."""
        return (row for row in self.assignments if row.task_id == task_id)

    def is_listable(self, invitation: InvitationRow) -> bool:
        """Whether all that an invitation refers to is there: else its list cannot be made."""
        creator, group = invitation.created_by, invitation.group_id
        return (creator is None or creator in self.users) and (
            group is None or group in self.groups
        )


def next_id(ids: Iterable[int]) -> int:
    """The rowid that SQLite gives next: one more than the highest, so that one comes again."""
    return max(ids, default=0) + 1
