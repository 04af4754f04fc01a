"""The HTTP edge: threads and sockets, and the faults of a connection. It knows no product."""

import contextlib
import socket
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from reconciler.sandbox.http.application import FaultyApplication
from reconciler.sandbox.http.messages import Answer, Request, Sending

_POLL_S = 0.02
# On, with no time to linger: closing sends RST instead of FIN.
_LINGER_NOT = struct.pack("ii", 1, 0)


class RequestLog:
    """What was asked and answered, in order of answering; bodies are never kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[tuple[str, str, int]] = []

    def add(self, method: str, path: str, status: int) -> None:
        """Note one request."""
        with self._lock:
            self._entries.append((method, path, status))

    def entries(self) -> tuple[tuple[str, str, int], ...]:
        """All requests so far."""
        with self._lock:
            return tuple(self._entries)


class HttpServer(ThreadingHTTPServer):
    """A server whose connections can be dropped, so that it stops at once and leaves no thread."""

    # Tracked threads, so that server_close waits for all of them.
    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self, application: FaultyApplication, log: RequestLog, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.application = application
        self.log = log
        self.edge_errors: list[BaseException] = []
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        self._resetting: set[socket.socket] = set()
        if tls is not None:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL_S,), daemon=True)

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, drop every connection, and wait for every thread."""
        self.shutdown()
        self._thread.join()
        self.drop_connections()
        self.server_close()

    def drop_connections(self) -> None:
        """Shut every open connection down, as the death of the process would."""
        with self._connections_lock:
            for connection in self._connections:
                # A peer that is gone already has been dropped.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def reset_at_close(self, connection: socket.socket) -> None:
        """Make the connection end with RST instead of FIN."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        with self._connections_lock:
            self._resetting.add(connection)

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        with self._connections_lock:
            self._connections.add(connection)
        return connection, address

    # The base class takes a socket or a datagram's (bytes, socket); this server has sockets only.
    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]  # see above
        """Close a connection and forget it."""
        with self._connections_lock:
            self._connections.discard(request)
            is_resetting = request in self._resetting
            self._resetting.discard(request)
        if is_resetting:
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  # its base's
        """Keep an error instead of printing it; a peer that went away is none."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.edge_errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    """One connection; every method goes the same way."""

    protocol_version = "HTTP/1.1"
    server_version = "Simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: HttpServer

    def do_GET(self) -> None:
        """Answer a GET, and every other method in the same way."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        raw, _, query = self.path.partition("?")
        path = unquote(raw)
        request = Request(self.command, path, headers, body, query, raw)
        answer = self.server.application.answer(request)
        is_sent = answer.sending not in (Sending.NOTHING, Sending.RESET)
        self.server.log.add(self.command, path, answer.response.status if is_sent else 0)
        self._send(answer)

    do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a simulator must not write into the output of the program under test."""

    def _send(self, answer: Answer) -> None:
        match answer.sending:
            case Sending.NOTHING:
                self.close_connection = True
                return
            case Sending.RESET:
                self.close_connection = True
                self.server.reset_at_close(self.connection)
                return
            case Sending.HALF | Sending.CLOSE_AFTER:
                self.close_connection = True
        body = answer.response.body
        self._send_head(answer)
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if answer.sending is Sending.HALF else body)
        self.wfile.flush()

    def _send_head(self, answer: Answer) -> None:
        response = answer.response
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers:
            self.send_header(name, value)
        self.end_headers()
