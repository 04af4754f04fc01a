"""The few calls of Graphistry's REST API that are made: signing in, and logging others out.

Here belongs what they answer. No other path is called: the published API knows nothing of users.
Source: Graphistry's REST documentation, "auth"; `logout-user` is in some releases only.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import httpx

from reconciler.errors import RefusedError, TargetError, UnexpectedResponseError
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.http_connection import Habits, HttpConnection, is_json
from reconciler.providers.http_options import HttpOptions
from reconciler.secret import Secret

_HABITS: Final = Habits(
    "Graphistry",
    said=("message", "detail", "error", "non_field_errors"),
    keeps_cookies=False,
)
_PASSWORD_PATH: Final = "/api-token-auth/"
_KEY_PATH: Final = "/api/v2/auth/pkey/jwt/"
_LOGOUT_PATH: Final = "/api/v2/logout-user/username/{}/"
_LONGEST_WAIT_S: Final = 30


class Rest:
    """One Graphistry's REST API, as the service account signs in to it. Signs in when needed."""

    def __init__(self, target: str, options: GraphistryOptions) -> None:
        self.target = target
        self._options = options
        wait_s = min(options.timeout_s, _LONGEST_WAIT_S)
        own = HttpOptions(url=options.url, ca_file=options.ca_file, timeout_s=wait_s)
        self._http = HttpConnection(target, own, _HABITS)
        self._http.conceal(options.secrets())
        self._bearer: Secret | None = None
        self._refused: RefusedError | None = None

    def __repr__(self) -> str:
        return f"Rest({self.target!r}, {self._http.url!r})"

    def close(self) -> None:
        """Close the connections. Safe to call twice."""
        self._http.close()

    def sign_in(self) -> None:
        """Get a token. Raises TargetError.

        What was refused once is not tried again: many wrong passwords may shut the account out.
        """
        if self._refused is not None:
            raise self._refused
        response = self._asked_for_token()
        if response.status_code in (400, 401, 403):  # which of them differs between releases
            which = "password" if self._options.password else "personal_key"
            said = self._http.described(response)
            self._refused = RefusedError(
                self.target,
                f"signing in at {self._http.url} as {self._options.service_account} was refused "
                f"with {said}; check the options service_account and {which}",
            )
            raise self._refused
        body = self._http.body_of(response)
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise self._http.foreign("it let us in and gave no token")
        self._bearer = Secret(token)
        self._http.conceal([self._bearer])

    def log_out(self, user: str) -> bool:
        """End whatever somebody is signed in to. False where this release cannot do that.

        Raises TargetError where it was refused, or nobody knows.
        """
        if not user.strip("."):
            raise UnexpectedResponseError(self.target, f'an address cannot hold the name "{user}"')
        path = _LOGOUT_PATH.format(quote(user, safe=""))
        response = self._as_us(path)
        if response.status_code == 401:  # the token ended meanwhile
            self._bearer = None
            response = self._as_us(path)
        if response.status_code == 404:
            return False
        if fault := self._fault(response):
            raise fault
        return True

    def _fault(self, response: httpx.Response) -> TargetError | None:
        """Why an answer is no success. What a success looks like is not published; a page is none,
        since proxies send one to whoever is to sign in there.
        """
        text = f"logout-user gave {self._http.described(response)}"
        if response.status_code in (401, 403):
            hint = f"{self._options.service_account} has to be an administrator"
            return RefusedError(self.target, f"{text}: {hint}")
        if not response.is_success:
            return UnexpectedResponseError(self.target, text)
        if "html" in response.headers.get("content-type", ""):
            return self._http.foreign("logout-user gave a page")
        body = self._http.json(response) if is_json(response) else None
        if isinstance(body, dict) and body.get("status") == "ERR":
            return UnexpectedResponseError(self.target, text)
        return None

    def _as_us(self, path: str) -> httpx.Response:
        if self._bearer is None:
            self.sign_in()
        assert self._bearer is not None
        header = Secret(f"Bearer {self._bearer.reveal()}")
        return self._http.send("GET", path, headers={"Authorization": header})

    def _asked_for_token(self) -> httpx.Response:
        options = self._options
        if options.password is not None:
            body = {"username": options.service_account, "password": options.password}
            return self._http.send("POST", _PASSWORD_PATH, body, is_read=True)
        assert options.personal_key is not None
        header = Secret(f"PersonalKey {options.personal_key.reveal()}")
        headers = {"Authorization": header}
        response = self._http.send("POST", _KEY_PATH, headers=headers, is_read=True)
        if response.status_code == 405:  # older releases only answer GET
            return self._http.send("GET", _KEY_PATH, headers=headers)
        return response
