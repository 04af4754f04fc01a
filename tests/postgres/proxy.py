"""A TCP proxy in front of a PostgreSQL server that counts, cuts and garbles what a client sends.

Here belongs what tests need to break a connection at a chosen message. It reads the frames of the
client's side of the protocol (PostgreSQL docs, "Message Flow"); the server's side is bytes to it.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection at the first message that holds `pattern`: before it is forwarded, or
    when so many bytes of the server's answer have passed.
    """

    pattern: bytes
    after_answer_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Garble:
    """Replace `pattern` in every message by another text of the same length."""

    pattern: bytes
    replacement: bytes

    def __post_init__(self) -> None:
        assert len(self.pattern) == len(self.replacement)


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function before the first message that holds `pattern` is forwarded."""

    pattern: bytes
    function: Callable[[], None]


Rule = Cut | Garble | Call


class Proxy:
    """Listens on a free port of 127.0.0.1 inside a `with` block and forwards to the server."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[_Link] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self.rule: Rule | None = None
        self.messages: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        for link in self._links:
            link.close()

    @property
    def dsn(self) -> str:
        """The dsn of the server, by way of this proxy."""
        host, port = self._listener.getsockname()
        plain = {"sslmode": "disable", "gssencmode": "disable"}
        return make_conninfo(self._dsn, host=host, hostaddr=None, port=port, **plain)

    @property
    def round_trips(self) -> int:
        """How often clients waited for everything so far to be answered: at a Sync or a Query.

        A Flush is not counted: psycopg sends one behind each Sync, without waiting in between.
        """
        return self.messages["S"] + self.messages["Q"]

    @contextmanager
    def breaking(self, rule: Rule) -> Iterator[None]:
        """Apply the rule to every message as long as the block lasts."""
        self.rule = rule
        try:
            yield
        finally:
            self.rule = None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._links.append(_Link(self, client, _dial(self._dsn)))


def _dial(dsn: str) -> socket.socket:
    parts = conninfo_to_dict(dsn)
    host, port = str(parts["host"]), int(str(parts.get("port", 5432)))
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(f"{host}/.s.PGSQL.{port}")
    return upstream


class _Link:
    """One client's connection through the proxy."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._answer_bytes_left: int | None = None
        pumps = (self._pump_requests, self._pump_answers)
        self._threads = [threading.Thread(target=pump, daemon=True) for pump in pumps]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._hang_up()
        for thread in self._threads:
            thread.join()
        self._client.close()
        self._server.close()

    def _hang_up(self) -> None:
        for side in (self._client, self._server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _pump_requests(self) -> None:
        try:
            with suppress(OSError):
                for message in _frames(self._client):
                    self._proxy.messages[message[:1].decode("latin-1")] += 1
                    if not self._forward(message):
                        break
        finally:  # also when a Call fails: nobody is to wait for an answer then
            self._hang_up()

    def _forward(self, message: bytes) -> bool:
        """Send the message on as the rule has it; whether the connection still stands."""
        match self._proxy.rule:
            case Cut(pattern=pattern, after_answer_bytes=size) if pattern in message:
                if size is None:
                    return False
                self._answer_bytes_left = size
            case Garble(pattern=pattern, replacement=replacement):
                message = message.replace(pattern, replacement)
            case Call(pattern=pattern, function=function) if pattern in message:
                self._proxy.rule = None
                function()
            case _:
                pass
        self._server.sendall(message)
        return True

    def _pump_answers(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(_CHUNK):
                left = self._answer_bytes_left
                if left is not None:
                    data = data[:left]
                    self._answer_bytes_left = left - len(data)
                self._client.sendall(data)
                if self._answer_bytes_left == 0:
                    break
        self._hang_up()


def _frames(client: socket.socket) -> Iterator[bytes]:
    """The client's messages: the first has no type, all others a letter before their length."""
    buffer = b""
    letters = 0
    while data := client.recv(_CHUNK):
        buffer += data
        while len(buffer) >= letters + 4:
            size = letters + int.from_bytes(buffer[letters : letters + 4])
            if len(buffer) < size:
                break
            yield buffer[:size]
            buffer, letters = buffer[size:], 1
