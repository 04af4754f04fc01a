"""Settings of one simulated FlowAuth."""

from dataclasses import dataclass, field
from typing import Literal

Era = Literal["C", "D"]
Backend = Literal["sqlite", "postgres"]
Scheme = Literal["http", "https"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAuthSettings:
    """What one simulated FlowAuth is: its era, its database, its bootstrap administrator.

    `era` is C (releases 1.18 to 1.34) or D (after 1.34). `scheme_seen` is what the application
    believes, as behind a proxy that ends TLS. `password_cost_s` is the time a password write
    takes (argon2 needs about 0.15 s). `role_write_gap_s` is the time between the read and the
    commit of PATCH /roles/ID, in which concurrent writers lose updates.
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

    @property
    def reported_version(self) -> str:
        """What GET /version says: `version`, or the release that stands for the era."""
        return self.version or {"C": "1.34.0", "D": "1.35.0"}[self.era]
