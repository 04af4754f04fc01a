"""Settings of one simulated FlowAuth."""

from dataclasses import dataclass, field
from typing import Literal

Era = Literal["A", "B", "C", "D"]
Backend = Literal["sqlite", "postgres"]
Scheme = Literal["http", "https"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAuthSettings:
    """What one simulated FlowAuth is: its era, its database, its bootstrap administrator.

    `era` is A (the first releases, with API routes), B (to 1.17, with API scopes), C (1.18 to 1.34)
    or D (after 1.34). `scheme_seen` is what the application
    believes, as behind a proxy that ends TLS. `password_cost_s` is the time a password write
    takes (argon2 needs about 0.15 s). `role_write_gap_s` is the time between the read and the
    commit of PATCH /roles/ID, in which concurrent writers lose updates.

    Of era D: `has_endless_servers` says whether the server routes take and give servers without an
    end, as the table does; those that were observed crash.

    Of eras A and B: `has_version` says whether GET /version is there, `tells_own_groups` whether a
    user's answer says which the user's own group is, `has_secret_keys` whether servers have keys,
    and `cleans_other_groups` whether an edit of one group's servers takes rights from others.
    """

    admin_username: str
    admin_password: str = field(repr=False)
    era: Era = "D"
    version: str = ""
    backend: Backend = "sqlite"
    scheme_seen: Scheme = "http"
    password_cost_s: float = 0.0
    role_write_gap_s: float = 0.002
    two_factor_valid_window: int = 0
    two_factor_issuer: str = "FlowAuth"
    has_endless_servers: bool = False
    has_version: bool = True
    tells_own_groups: bool = True
    has_secret_keys: bool = False
    cleans_other_groups: bool = False

    @property
    def reported_version(self) -> str:
        """What GET /version says: `version`, or the release that stands for the era."""
        releases = {"A": "1.0.0", "B": "1.17.1", "C": "1.34.0", "D": "1.35.0"}
        return self.version or releases[self.era]

    @property
    def has_groups(self) -> bool:
        """Whether it has groups instead of roles."""
        return self.era in ("A", "B")
