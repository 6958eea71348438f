"""A story: one version of one wire item, its text frozen when it was read."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from schemas.spans import Span

_DATELINE = re.compile(r"^(?=[^\n]{0,120}?[(\d])[^\n]{0,120}?(?:\s-{1,2}\s|\s[–—]\s)")
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
    ISO 8601 with zone, or "". source: the file or address it came from.
    """

    guid: str
    version: int
    text: str
    headline: str = ""
    agency: str = ""
    byline: str = ""
    location: str = ""
    language: str = ""
    published: str = ""
    status: Status = Status.USABLE
    embargo: str = ""
    note: str = ""
    urgency: int | None = None
    subjects: tuple[str, ...] = ()
    rights: str = ""
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
        words = re.findall(r"\w+", _DATELINE.sub("", self.text, count=1).casefold())
        return hashlib.sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def paragraphs(self) -> list[Span]:
        """The text's paragraphs, in order."""
        edges = [0, *(m.end() for m in BREAK.finditer(self.text))]
        ends = [*(m.start() for m in BREAK.finditer(self.text)), len(self.text)]
        return [Span(a, b, self.text[a:b]) for a, b in zip(edges, ends, strict=True) if b > a]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Story:
        """A story from what `to_dict` gave."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in known}
        return cls(**values | {"status": Status(row.get("status", Status.USABLE))})


def freeze_text(paragraphs: list[str]) -> str:
    """The frozen text of a story: control characters out, NFC, white space within a paragraph folded, an empty line between.

    Non-breaking spaces become spaces; everything else that can be seen stays as it is.
    """
    kept = []
    for paragraph in paragraphs:
        clean = "".join(c for c in paragraph if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
        clean = unicodedata.normalize("NFC", clean)
        clean = re.sub(r"\s+", " ", clean).strip()
        if clean:
            kept.append(clean)
    return "\n\n".join(kept)
