"""What one simulated KohakuRiver host is like: its configuration, and what its work costs."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo


@dataclass(frozen=True, slots=True)
class KohakuRiverSettings:
    """The configuration of a host.

    An empty secret is off, as in the product. `zone` is the machine's: timestamps are naive local
    times. `bcrypt_cost_s` is the time of one password operation (0.25 s really). `lock_wait_s` is
    how long a writer really waits for a locked database, which gives up after 5 s of its time.
    """

    admin_secret: str = field(default="", repr=False)
    register_secret: str = field(default="", repr=False)
    auth_enabled: bool = True
    session_expire_hours: int = 720
    zone: tzinfo = UTC
    bcrypt_cost_s: float = 0.0
    lock_wait_s: float = 0.0
    has_runner: bool = False
