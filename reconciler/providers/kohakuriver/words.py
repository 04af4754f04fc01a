"""The words of KohakuRiver that several modules need."""

from __future__ import annotations

from typing import Final

LEVELS: Final = ("anony", "viewer", "user", "operator", "admin")
"""The roles of accounts, lowest first."""

ADMIN: Final = "admin"
ASSIGNEE: Final = "assignee"
"""The name of the one thing that somebody can be on a VPS."""

API_TOKEN: Final = "api_token"
"""The attribute of a new account that gets an API token beside its password."""

SYSTEM: Final = "_system"
"""Whom the host takes the bearer of its administrator's secret for: an account in no table."""

VPS: Final = "vps"
"""The kind of object that a VPS is in the inventory of a State."""
