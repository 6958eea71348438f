"""Stretches of text: offsets in code points, with the words they cover."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.errors import BadData


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of a text, start to end in code points, and its words."""

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, int | str]:
        """As the command line's contract has it."""
        return {"start": self.start, "end": self.end, "text": self.text}


def cut(text: str, start: int, end: int) -> Span:
    """The span of a text from start to end. Errors: BadData where that is empty or outside the text."""
    if not 0 <= start < end <= len(text):
        raise BadData(f"a span from {start} to {end} does not lie in a text of {len(text)} characters")
    return Span(start, end, text[start:end])


def shift(spans: Iterable[Span], by: int, text: str) -> tuple[Span, ...]:
    """The spans moved by `by` code points into `text`. Errors: BadData where the words there are others."""
    moved = []
    for old in spans:
        new = cut(text, old.start + by, old.end + by)
        if old.text != new.text:
            raise BadData(f"{old.text!r} became {new.text!r} when its span was moved by {by}")
        moved.append(new)
    return tuple(moved)
