"""The options of a SCIM target."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.provider import SecretText
from reconciler.providers.http_options import HttpOptions

Auto = Literal["auto", "yes", "no"]


class ScimOptions(HttpOptions):
    """Where the service is, the token it gave us, and where it does less than it says.

    `auto` means: as its ServiceProviderConfig says, and otherwise by trying.
    """

    url: str = Field(
        description="The base address, with all that comes before /Users, such as "
        "https://example.org/scim/v2"
    )
    token: SecretText = Field(description="The bearer token")
    account: str = Field(
        "", description="The userName that the token belongs to, where it is a User of the service"
    )
    external_id_prefix: str = Field(
        "",
        description="Put before the name in the externalId of what is created, such as "
        "reconciler:prod: (empty for none); then what bears another mark that begins with "
        "reconciler: is never touched",
    )
    groups: Literal["yes", "no"] = Field(
        "yes",
        description="Whether it has Groups; with no, a role is no Group: whoever holds one is a "
        "User, and that is all",
    )
    page_size: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Users or groups in one answer, at most; 0: as many as the service says that "
        "it gives, up to 1000, and 100 where it does not say",
    )
    max_pages: int = Field(1000, ge=1, le=100_000, description="Answers for one list, at most")
    use_patch: Auto = Field("auto", description="Whether it takes PATCH; else PUT is used")
    use_etag: Auto = Field("auto", description="Whether it takes If-Match")
    concurrency: int = Field(
        2, ge=1, le=4, description="Reads side by side, at most: Users and Groups are two"
    )
    members_per_request: int = Field(
        100, ge=1, le=10_000, description="Members added or removed in one request, at most"
    )
    member_remove_style: Literal["path", "value"] = Field(
        "path", description="How members are removed; value is not in the RFC, and some want it"
    )
