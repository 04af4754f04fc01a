"""The options of a KohakuRiver target."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.provider import SecretText
from reconciler.providers.http_options import HttpOptions


class KohakuRiverOptions(HttpOptions):
    """Where the host is, and its administrator's secret.

    The secret, and no account's token: it works on an empty host, invitations made with it belong
    to nobody, and it is not written to the database with every request.
    """

    url: str = Field(description="The address of the host, without /api")
    admin_token: SecretText = Field(description="The ADMIN_SECRET of the host's configuration")
    new_accounts: Literal["register", "invite"] = Field(
        "register", description="Whether new people get a password, or an invitation to register"
    )
    invitation_hours: int = Field(72, ge=1, le=720, description="How long such an invitation lasts")
    open_invitations: Literal["report", "revoke"] = Field(
        "report", description="What becomes of open invitations that the manifest knows nothing of"
    )
