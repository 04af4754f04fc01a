"""The options of a FlowAuth target."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from reconciler.provider import Options, SecretText


class FlowAuthOptions(Options):
    """Where FlowAuth is and whom we sign in as: an administrator without two-factor authentication.

    `bootstrap_admin` is the instance's FLOWAUTH_ADMIN_USERNAME: it is reset at every start of
    FlowAuth, so no plan touches it, as none touches the account we sign in with.
    """

    url: str = Field(description="The address of FlowAuth, such as https://flowauth.example.org")
    username: str = Field(min_length=1, description="The administrator to sign in as")
    password: SecretText = Field(description="The administrator's password")
    bootstrap_admin: str = Field("", description="FLOWAUTH_ADMIN_USERNAME, where it is another")
    timeout_s: int = Field(30, ge=1, le=600, description="Seconds to wait for an answer")
    ca_file: str = Field("", description="A file of CA certificates to trust instead of the usual")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for one that is no number up to 65535
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("needs an address that begins with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("needs an address without a password, query or fragment")
        return url.rstrip("/")
