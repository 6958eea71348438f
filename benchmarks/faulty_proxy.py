"""An HTTP proxy in front of Label Studio that does harm on order: the faults that a network, a proxy or a server may bring.

It stands on loopback, forwards every request as it is, and does one fault at each place that it was told of.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "server", "date"}
"""Headers that belong to one connection and are made anew on the other."""


class Fault(StrEnum):
    """What happens to a request. `before`: the server never sees it; `after`: it has carried it out, and nobody hears of it."""

    DROPPED_BEFORE = "dropped before"
    DROPPED_AFTER = "dropped after"
    BAD_GATEWAY_BEFORE = "502 before"
    BAD_GATEWAY_AFTER = "502 after"
    ERROR_BEFORE = "500 before"
    ERROR_AFTER = "500 after"
    SLOW = "slow"
    GARBLED = "garbled"
    CUT_OFF = "cut off"
    UNAUTHORIZED = "401"
    TOO_MANY = "429"
    RESTART = "restart"


BEFORE = {
    Fault.BAD_GATEWAY_BEFORE: (502, "text/html", b"<html>Bad gateway</html>"),
    Fault.ERROR_BEFORE: (500, "text/html", b"<html>Server error</html>"),
    Fault.UNAUTHORIZED: (401, "application/json", b'{"detail": "Invalid token."}'),
    Fault.TOO_MANY: (429, "application/json", b'{"detail": "Request was throttled."}'),
}
AFTER = {
    Fault.BAD_GATEWAY_AFTER: (502, "text/html", b"<html>Bad gateway</html>"),
    Fault.ERROR_AFTER: (500, "application/json", b'{"detail": "database is locked"}'),
    Fault.GARBLED: (200, "application/json", b'{"tasks": [{"id": \xff\xfe'),
}


@dataclass
class Schedule:
    """Which faults happen at which requests, counted from 0: of all requests, and of those that write.

    slow: seconds that a slow answer takes, longer than the client waits. restart: kills the server and starts it again.
    happened: what was done, and to which request.
    """

    to_any: Mapping[int, Fault] = field(default_factory=dict)
    to_writes: Mapping[int, Fault] = field(default_factory=dict)
    slow: float = 1.0
    restart: Callable[[], None] | None = None
    happened: list[tuple[Fault, str]] = field(default_factory=list)
    _seen: int = 0
    _written: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _restarting: threading.Lock = field(default_factory=threading.Lock)

    def restarted(self) -> None:
        """Kills the server, whatever it is doing, and starts it again."""
        with self._restarting:
            if self.restart:
                self.restart()

    def settle(self) -> None:
        """Waits until the server is up, if it was killed."""
        with self._restarting:
            return

    def next(self, method: str, path: str) -> Fault | None:
        """The fault of this request, if it has one."""
        with self._lock:
            fault = self.to_any.get(self._seen)
            self._seen += 1
            if method != "GET":
                fault = self.to_writes.get(self._written) or fault
                self._written += 1
            if fault:
                self.happened.append((fault, f"{method} {urlsplit(path).path}"))
            return fault


@contextmanager
def faulty(upstream: str, schedule: Schedule) -> Iterator[str]:
    """The address of a proxy before the server at `upstream`, which lives as long as the context."""
    target = urlsplit(upstream)

    class Handler(_Handler):
        host, plan = target.netloc, schedule

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: str
    plan: Schedule

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self.plan.next(self.command, self.path)
        if fault in BEFORE:
            self._answer(*BEFORE[fault])
        elif fault is Fault.DROPPED_BEFORE:
            self.close_connection = True
        elif fault is Fault.RESTART and self.plan.restart:
            forwarding = threading.Thread(target=self._forward, args=(body,))
            forwarding.start()
            self.plan.restarted()
            forwarding.join()
            self.close_connection = True
        else:
            self._forwarded(fault, body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do  # noqa: N815

    def _forwarded(self, fault: Fault | None, body: bytes) -> None:
        status, headers, content = self._forward(body)
        if fault is Fault.DROPPED_AFTER:
            self.close_connection = True
        elif fault is Fault.SLOW:  # the client hangs up first, the server has carried it out
            threading.Event().wait(self.plan.slow)
            self.close_connection = True
        elif fault is Fault.CUT_OFF:
            self._answer(status, headers.get("content-type", ""), content[: len(content) // 2], promised=len(content) + 1)
            self.close_connection = True
        elif fault in AFTER:
            self._answer(*AFTER[fault])
        else:
            self._answer(status, headers.get("content-type", "application/json"), content)

    def _forward(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP | {"accept-encoding"}}
        connection = http.client.HTTPConnection(self.host, timeout=120)
        try:
            connection.request(self.command, self.path, body or None, sent)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 502, {"content-type": "application/json"}, json.dumps({"detail": f"the server does not answer: {error}"}).encode()
        finally:
            connection.close()

    def _answer(self, status: int, kind: str, content: bytes, promised: int | None = None) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(promised or len(content)))
            if status == 429:
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the client has hung up
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing."""
