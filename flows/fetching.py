"""HTTP(S): a feed, a file or a folder's listing; conditional, bounded in time, size and redirects, and never where it must not go."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import etree

from flows.reach import Client, Reach
from schemas.errors import BadInput, Unavailable
from schemas.readers.markup import html_root
from schemas.readers.raw import TooDeep

MAX_FETCHED = 200_000_000
"""Bytes of one answer; an archive may have more than a file."""
MAX_LINKS = 10_000
_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_DEADLINE = 300.0
_LISTING = re.compile(r"index of|directory listing", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What an address gave. validators: its ETag and Last-Modified, as JSON, or ""; final: the address after redirects."""

    address: str
    final: str
    data: bytes
    validators: str
    kind: str


def client(address: str, reach: Reach) -> Client:
    """A client for an address that the user has given, and for what it names and leads to."""
    return Client(reach.named(urlsplit(address).hostname), _TIMEOUT)


def fetch(http: Client, address: str, validators: str | None) -> Answer | None:
    """What an address gives; None where nothing has changed.

    Errors: BadInput for an address that is not allowed or an answer too long, Unavailable where nothing comes.
    """
    at = address
    asked = json.loads(validators) if validators else {}
    try:
        for _ in range(_REDIRECTS + 1):
            http.check(at)
            with http.stream("GET", at, headers=asked) as answer:
                if answer.status_code == httpx.codes.NOT_MODIFIED:
                    return None
                if answer.has_redirect_location:
                    at = urljoin(at, answer.headers["location"])
                    continue
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable(f"answered {answer.status_code} {answer.reason_phrase}".rstrip())
                kept = {"If-None-Match": answer.headers.get("etag"), "If-Modified-Since": answer.headers.get("last-modified")}
                told = {k: v for k, v in kept.items() if v}
                return Answer(address, at, _body(answer), json.dumps(told) if told else "", answer.headers.get("content-type", ""))
        raise BadInput(f"redirects more than {_REDIRECTS} times")
    except (BadInput, Unavailable) as error:
        led = f"a redirect led to {at}: " if at != address else ""
        raise type(error)(f"{address}: {led}{error}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{address}: could not be fetched: {type(error).__name__}: {error}".rstrip(": ")) from error


def listed(answer: Answer) -> list[str]:
    """The addresses of the files in a folder's listing, in its order; [] where the answer is none."""
    if not answer.final.partition("?")[0].endswith("/") or "html" not in answer.kind or len(answer.data) > 5_000_000:
        return []
    try:
        root = html_root(answer.data.decode("utf-8", "replace"))
    except TooDeep:
        return []
    title = " ".join(root.xpath("string(.//title)").split()) if root is not None else ""
    if root is None or not _LISTING.match(title):
        return []
    return _links(root, answer.final)[:MAX_LINKS]


def _links(root: etree._Element, base: str) -> list[str]:
    found = [urljoin(base, link.get("href", "").partition("#")[0]) for link in root.iter("a")]
    folder = base.partition("?")[0]
    inside = [
        a for a in found if a.startswith(folder) and a != folder and "?" not in a and not a.endswith("/") and ".." not in a[len(folder) :]
    ]
    return list(dict.fromkeys(inside))


def _body(answer: httpx.Response) -> bytes:
    parts, size, begun = [], 0, time.monotonic()
    for part in answer.iter_bytes():
        size += len(part)
        if size > MAX_FETCHED:
            raise BadInput(f"sends more than {MAX_FETCHED:,} bytes")
        if time.monotonic() - begun > _DEADLINE:
            raise Unavailable(f"took longer than {_DEADLINE:.0f} s")
        parts.append(part)
    return b"".join(parts)
