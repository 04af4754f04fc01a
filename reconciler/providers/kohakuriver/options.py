"""The options of a KohakuRiver target."""

from __future__ import annotations

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
