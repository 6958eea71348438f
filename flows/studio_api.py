"""Label Studio's HTTP API, one request at a time: tokens, time-outs, repetition, and errors in this project's terms.

Plain httpx and not label-studio-sdk: the SDK repeats a POST by itself, its pager takes a failure for the end, its typed
rows lose what it does not know, and a proxy's HTML page makes it raise JSONDecodeError.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from schemas.errors import BadData, BadInput, Unavailable

WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each new attempt after a failure that may pass."""
_CONNECT = 10.0
_LONG = 5
"""How many times as long an import may take: 250 tasks take 2 s, but wait for SQLite's lock behind other writers."""
_PASSING = frozenset({408, 425, 429})
_PATIENCE = 60.0
"""Seconds that are waited at most where a server says how long (Retry-After)."""


class Unanswered(Unavailable):
    """A request that may or may not have been carried out: no answer came, or one that says to try again.

    after: seconds that the server asks to wait before that.
    """

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class StudioApi:
    """A Label Studio server and a token for it, legacy or personal access.

    timeout: seconds to wait for an answer. transport, wait: other than the network and `time.sleep`, for tests.
    Errors: BadInput for an address or a token that is none.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
        timeout: float = 60.0,
    ) -> None:
        try:
            base = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL:
            base = httpx.URL("")
        if base.scheme not in ("http", "https") or not base.host:
            raise BadInput(f"Label Studio's address {url!r} is none; give one such as http://127.0.0.1:8080")
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise BadInput("Label Studio's token is empty or holds characters that no token has; copy it anew from Account & Settings")
        self.url = str(base)
        self.wait = wait
        self._heard = ""
        self._timeout = httpx.Timeout(timeout, connect=_CONNECT)
        self._long = httpx.Timeout(timeout * _LONG, connect=_CONNECT)
        # a proxy of the environment knows nothing of this machine's own ports
        outside = base.host not in ("127.0.0.1", "::1", "localhost")
        # Label Studio's own server answers in two packets, the second of which waits 40 ms on every connection but a new one
        limits = httpx.Limits(max_keepalive_connections=0 if base.scheme == "http" else 20)
        auth = _Token(token)
        self._client = httpx.Client(base_url=base, auth=auth, timeout=self._timeout, transport=transport, trust_env=outside, limits=limits)

    @property
    def clock(self) -> datetime:
        """The server's time at its last answer, to the second; this machine's where it does not say."""
        try:
            return parsedate_to_datetime(self._heard).astimezone(UTC)
        except ValueError:
            return datetime.now(UTC)

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()

    def ask(self, method: str, path: str, *, params: dict[str, Any] | None = None, body: Any = None) -> Any:
        """The JSON that a request gives, repeated while the server does not answer: only for what may be done twice.

        Errors: as of `once`; Unavailable where it never answers.
        """
        for pause in WAITS:
            try:
                return self.once(method, path, params=params, body=body)
            except Unanswered as error:
                self.wait(max(pause, error.after))
        return self.once(method, path, params=params, body=body)

    def project(self, number: int, field: str) -> Any:
        """A field of a project. All of a project at once takes far longer, since the server counts its tasks in nine ways."""
        rows = self.ask("GET", "/api/projects/", params={"ids": number, "include": field})["results"]
        if not rows:
            raise BadInput(f"Label Studio at {self.url} has no project {number}; was it deleted?")
        return rows[0][field]

    def once(self, method: str, path: str, *, params: dict[str, Any] | None = None, body: Any = None, long: bool = False) -> Any:
        """The JSON that one request gives; None where it gives none and need not. body: bytes are JSON. long: waits five times as long.

        Errors: Unanswered where it may help to look and try again; BadInput where address, token or project are wrong;
        BadData where the server refuses what was sent.
        """
        try:
            timeout = self._long if long else self._timeout
            content = {"content": body, "headers": {"Content-Type": "application/json"}} if isinstance(body, bytes) else {"json": body}
            answer = self._client.request(method, path, params=params, timeout=timeout, **content)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Unanswered(f"Label Studio at {self.url} does not answer ({type(error).__name__}); is it running?") from error
        self._heard = answer.headers.get("date", "")
        if answer.status_code >= 500 or answer.status_code in _PASSING:
            said = f"Label Studio at {self.url} answers {answer.status_code} {answer.reason_phrase}; try again later"
            raise Unanswered(said, _retry_after(answer))
        if answer.is_redirect:
            raise BadInput(f"Label Studio at {self.url} sends on to {answer.headers.get('location')}; give that address")
        if answer.status_code in (401, 403):
            raise BadInput(f"Label Studio at {self.url} refuses the token ({answer.status_code}); copy a valid one from Account & Settings")
        if answer.status_code == 404:
            raise BadInput(f"Label Studio at {self.url} has no {path}; was it deleted, or is the address another server's?")
        if answer.is_error:
            raise BadData(f"Label Studio refuses {method} {path} ({answer.status_code}): {_detail(answer)}")
        if answer.status_code == 204 or (method == "DELETE" and not answer.content):
            return None
        if not answer.content:  # the server was killed behind a proxy that had passed the head on
            raise Unanswered(f"Label Studio at {self.url} gives an empty answer; try again later")
        try:
            return answer.json()
        except ValueError:
            if "json" in answer.headers.get("content-type", ""):  # cut off on its way
                raise Unanswered(f"Label Studio at {self.url} gives an answer that cannot be read; try again later") from None
            raise BadInput(f"{self.url} does not answer as Label Studio does; check the address") from None


class _Token(httpx.Auth):
    """Signs requests. A personal access token (a JWT) is good only for getting short-lived ones, a legacy token for all."""

    requires_response_body = True

    def __init__(self, token: str) -> None:
        self._token = token
        self._short_lived = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One signed request; with a personal access token a second one where the short-lived token has run out."""
        if self._token.count(".") != 2:
            request.headers["Authorization"] = f"Token {self._token}"
            yield request
            return
        if self._short_lived:
            request.headers["Authorization"] = f"Bearer {self._short_lived}"
            answer = yield request
            if answer.status_code != 401:
                return
        prefix = request.url.raw_path.split(b"/api/")[0]
        refresh = httpx.Request("POST", request.url.copy_with(raw_path=prefix + b"/api/token/refresh/"), json={"refresh": self._token})
        answer = yield refresh
        if answer.status_code == 200:
            try:
                self._short_lived = answer.json()["access"]
            except (ValueError, KeyError, TypeError):
                raise httpx.DecodingError("the answer to the token cannot be read", request=refresh) from None
            request.headers["Authorization"] = f"Bearer {self._short_lived}"
            yield request


def _retry_after(answer: httpx.Response) -> float:
    """Seconds that an answer asks to wait, a minute at most; 0 where it does not say, or gives a date."""
    said = answer.headers.get("retry-after", "")
    return min(float(said), _PATIENCE) if said.isdecimal() else 0.0


def _detail(answer: httpx.Response) -> str:
    """What the server says is wrong, on one line of at most 400 characters."""
    try:
        said = answer.json()
    except ValueError:
        said = answer.text
    if isinstance(said, dict):
        said = said.get("validation_errors") or said.get("detail") or said
    line = " ".join(str(said).split())
    return line if len(line) <= 400 else line[:399] + "…"
