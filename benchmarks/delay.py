"""A TCP proxy on loopback through which every byte takes a while, as over a distance.

Here belongs the delay alone: bytes that come later wait no longer, so a pipeline costs one delay
and not one for each message. The proxy of the tests, which reads the protocol to cut connections at
a chosen message, would hold back whatever comes behind; so the two have nothing to share.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CHUNK = 1 << 20
_Waiting = SimpleQueue[tuple[float, bytes]]


class Turns:
    """Counts how often a client spoke after the server had: that often it had waited, or begun."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()
        self._speaking: dict[int, bool] = {}

    def note(self, link: int, *, is_client: bool) -> None:
        """Bytes of one side of a connection have come."""
        with self._lock:
            if is_client and not self._speaking.get(link, False):
                self.count += 1
            self._speaking[link] = is_client


@contextmanager
def delayed(dsn: str, delay_s: float, turns: Turns) -> Iterator[str]:
    """A connection string that leads to the server of another through a proxy.

    Each byte arrives `delay_s` seconds after it was sent, in either direction. `dsn` names the
    folder of a Unix socket; the other connection has no TLS, whose handshake is not measured here.
    """
    known = conninfo_to_dict(dsn)
    server = str(Path(str(known["host"])) / f".s.PGSQL.{known.get('port', 5432)}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        args = (listener, server, delay_s, turns)
        threading.Thread(target=_accept, args=args, daemon=True).start()
        port = listener.getsockname()[1]
        try:
            yield make_conninfo(
                dsn, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable"
            )
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, server: str, delay_s: float, turns: Turns) -> None:
    number = 0
    with suppress(OSError):  # the listener was closed: there is nothing more to do
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(server)
            number += 1
            asked = partial(turns.note, number, is_client=True)
            told = partial(turns.note, number, is_client=False)
            _link(client, upstream, delay_s, asked)
            _link(upstream, client, delay_s, told)


def _link(
    source: socket.socket, sink: socket.socket, delay_s: float, note: Callable[[], None]
) -> None:
    """Carry bytes one way until the source has no more: one thread takes them, one waits."""
    waiting: _Waiting = SimpleQueue()
    threading.Thread(target=_take, args=(source, waiting, delay_s, note), daemon=True).start()
    threading.Thread(target=_give, args=(sink, waiting), daemon=True).start()


def _take(
    source: socket.socket, waiting: _Waiting, delay_s: float, note: Callable[[], None]
) -> None:
    data = b"more"
    while data:
        try:
            data = source.recv(_CHUNK)
        except OSError:
            data = b""
        if data:
            note()
        waiting.put((time.monotonic() + delay_s, data))


def _give(sink: socket.socket, waiting: _Waiting) -> None:
    while True:
        due, data = waiting.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(data)
        except OSError:
            return
