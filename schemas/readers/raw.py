"""What every reader gives: a wire item in its own words, not yet checked; and how an item is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.errors import NoStory, Unreadable
from schemas.story import freeze_text

TEXTS = "accepted: text items"
UNICODE = "accepted: texts of whole Unicode characters without NUL"
FORMATS = (
    "accepted: NewsML-G2, NewsML 1, NITF, ninjs, RSS, Atom, IPTC 7901, ANPA, HTML, XHTML with Dublin Core, JSON lines with id and text, "
    "plain text"
)
DEEP = "its markup nests too deep"
SHALLOW = "accepted: up to 255 elements within one another in XML, 2,000 in HTML"
VERBATIM = frozenset({"text", "json-lines"})
"""The formats whose text is kept unchanged."""
NOT_TEXTS = frozenset(
    ("picture", "photo", "image", "graphic", "video", "audio", "animation", "map", "podcast", "livestream", "file", "binary")
)
"""What items are called that hold no text story; whatever else they are called, their text is looked for."""
Beside = Callable[[str], "bytes | None"]
"""The bytes of a file of the same delivery by the name that a document calls it, or None."""
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Raw:
    """A wire item as its format's reader found it.

    text: frozen already. Every other string is the wire's own, "" where it is silent; embargo is None where there is
    none and "" where there is one without an end. status: None where the wire has no word for it.
    source: the file's name; place: where in it the item stands.
    """

    text: str
    format: str
    source: str
    place: str = ""
    guid: str = ""
    version: str = ""
    headline: str = ""
    agency: str = ""
    byline: str = ""
    dateline: str = ""
    location: str = ""
    language: str = ""
    published: str = ""
    status: str | None = None
    embargo: str | None = None
    note: str = ""
    urgency: str = ""
    subjects: tuple[str, ...] = ()
    rights: str = ""
    slug: str = ""
    signoff: str = ""
    signals: tuple[str, ...] = ()
    replaces: str = ""
    partial: bool = False
    notices: tuple[str, ...] = ()


def unreadable(name: str, reason: str, place: str = "", accepted: str = FORMATS) -> Unreadable:
    """The error of one line: name, place where known, reason, what is accepted."""
    kind = NoStory if accepted == TEXTS else Unreadable
    return kind(": ".join(one_line(part) for part in (name, place, reason) if part) + f"; {accepted}")


class TooDeep(Exception):
    """Markup nests deeper than any page's does."""


def unless_too_deep(name: str, place: str, read: Callable[..., Raw | Unreadable], *given: Any) -> Raw | Unreadable:
    """The item that `read` makes of what it is given, or its refusal where the HTML in it nests too deep; the file's other items go on."""
    try:
        return read(*given)
    except TooDeep:
        return unreadable(name, DEEP, place, SHALLOW)


def one_line(value: Any) -> str:
    """A string or number of the wire as one clean line; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return freeze_text([value]) if isinstance(value, str) else ""


def verbatim_fault(text: str) -> str:
    """Why a text that is kept unchanged cannot be taken by any store or browser, or ""."""
    found = _UNSPEAKABLE.search(text)
    if not found:
        return ""
    what = "a NUL" if found[0] == "\0" else "a lone surrogate"
    return f"its text holds {what} in line {text.count(chr(10), 0, found.start()) + 1}"
