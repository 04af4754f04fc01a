"""The options that every target reached over HTTP has."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from reconciler.provider import Options


class HttpOptions(Options):
    """Where a service is, how long to wait for it, and whose certificates to trust."""

    url: str = Field(description="The address of the service, such as https://example.org")
    timeout_s: int = Field(30, ge=1, le=600, description="Seconds to wait for an answer")
    ca_file: str = Field("", description="A file of CA certificates to trust instead of the usual")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return checked_url(url)


def checked_url(url: str) -> str:
    """The address of a service without a slash at its end. Raises ValueError for what is none."""
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for one that is no number up to 65535
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("needs an address that begins with http:// or https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("needs an address without a password, query or fragment")
    return url.rstrip("/")
