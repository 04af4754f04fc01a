"""Canaille, an identity product, as a SCIM service with its accounts in memory.

    python server.py      the environment's SCIM_TOKEN is the token

It runs in an environment of its own (see `tools/scim_servers.py`), prints its port, and ends when
its standard input does. Nothing of it is changed: a client and its token are put into it, as
somebody who sets it up would do.
"""

from __future__ import annotations

import datetime
import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

_YEAR_S = 365 * 24 * 3600


class _Quiet(WSGIRequestHandler):
    """Writes no log, and keeps connections open no longer than one request."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def main() -> None:
    """Serve until the standard input ends."""
    application = create_app(
        {
            "SECRET_KEY": os.urandom(16).hex(),
            "CANAILLE": {"DATABASE": "memory", "LOGGING": {"version": 1, "handlers": {}}},
            "CANAILLE_SCIM": {"ENABLE_SERVER": True},
        }
    )
    with application.app_context():
        _let_in(os.environ["SCIM_TOKEN"])
    server: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


def _let_in(token: str) -> None:
    """A client, with a token of its own that belongs to no user."""
    client = models.Client(client_id="provisioning", client_name="provisioning")
    Backend.instance.save(client)
    row = models.Token(
        token_id="provisioning",
        access_token=token,
        client=client,
        subject=None,
        type="access_token",
        scope=[],
        issue_date=datetime.datetime.now(datetime.UTC),
        lifetime=_YEAR_S,
    )
    Backend.instance.save(row)


if __name__ == "__main__":
    main()
