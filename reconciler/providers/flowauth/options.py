"""The options of a FlowAuth target."""

from __future__ import annotations

from pydantic import Field

from reconciler.provider import SecretText
from reconciler.providers.http_options import HttpOptions


class FlowAuthOptions(HttpOptions):
    """Where FlowAuth is and whom we sign in as: an administrator without two-factor authentication.

    `bootstrap_admin` is the instance's FLOWAUTH_ADMIN_USERNAME: it is reset at every start of
    FlowAuth, so no plan touches it, as none touches the account we sign in with.
    """

    url: str = Field(description="The address of FlowAuth, such as https://flowauth.example.org")
    username: str = Field(min_length=1, description="The administrator to sign in as")
    password: SecretText = Field(description="The administrator's password")
    bootstrap_admin: str = Field("", description="FLOWAUTH_ADMIN_USERNAME, where it is another")
