"""A story: one version of one wire item, its text frozen when it was read."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from schemas.spans import Span

_DATELINE = re.compile(r"^(?=[^\n]{0,120}?[(\d])[^\n]{0,120}?(?:\s-{1,2}\s|\s[–—]\s)")
# Control characters and lone surrogates, but for those that count as white space.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
BREAK = re.compile(r"\r?\n[ \t]*\r?\n\s*")
"""What parts two paragraphs: an empty line."""


class Status(StrEnum):
    """What the wire says may be done with the item."""

    USABLE = "usable"
    WITHHELD = "withheld"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Story:
    """One version of one wire item.

    text: paragraphs parted by an empty line; every offset anywhere counts its code points. published, embargo:
    ISO 8601 with zone, or "". source: the file or address it came from. signoff: closing lines that are no text. change: what the
    agency calls this version (update, correction, ...), or "". replaces: the guid of another item that this one takes the place of.
    partial: only a summary of the text came.
    """

    guid: str
    version: int
    text: str
    headline: str = ""
    agency: str = ""
    byline: str = ""
    dateline: str = ""
    location: str = ""
    language: str = ""
    published: str = ""
    status: Status = Status.USABLE
    embargo: str = ""
    note: str = ""
    urgency: int | None = None
    subjects: tuple[str, ...] = ()
    rights: str = ""
    slug: str = ""
    signoff: str = ""
    change: str = ""
    replaces: str = ""
    partial: bool = False
    format: str = ""
    source: str = ""
    notices: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def body_digest(self) -> str:
        """SHA-256 of the text's words behind the dateline: the same for one story filed by two agencies."""
        words = re.findall(r"\w+", body_of(self.text).casefold())
        return hashlib.sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def paragraphs(self) -> list[Span]:
        """The text's paragraphs, in order."""
        spans, start = [], 0
        for found in BREAK.finditer(self.text):
            spans.append((start, found.start()))
            start = found.end()
        spans.append((start, len(self.text)))
        return [Span(a, b, self.text[a:b]) for a, b in spans if b > a]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self)) | {"status": str(self.status), "subjects": list(self.subjects), "notices": list(self.notices)}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Story:
        """A story from what `to_dict` gave."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in known}
        return cls(**values | {"status": Status(row.get("status", Status.USABLE))})


def body_of(text: str) -> str:
    """A text without its dateline."""
    return _DATELINE.sub("", text, count=1)


def dateline(text: str) -> str:
    """What stands before the dash of a text's first line where that has the look of a dateline, else ""."""
    found = _DATELINE.match(text)
    return found[0].rstrip(" -–—") if found else ""


def freeze_text(paragraphs: list[str]) -> str:
    """The frozen text of a story: control characters out, NFC, white space within a paragraph folded, an empty line between.

    Non-breaking spaces become spaces; everything else that can be seen stays as it is.
    """
    kept = [clean for paragraph in paragraphs if (clean := fold(paragraph))]
    return "\n\n".join(kept)


def fold(paragraph: str) -> str:
    """One paragraph as `freeze_text` has it: a single line."""
    if not paragraph.isascii() or _CONTROL.search(paragraph):
        paragraph = unicodedata.normalize("NFC", _CONTROL.sub("", paragraph))
    return " ".join(paragraph.split())
