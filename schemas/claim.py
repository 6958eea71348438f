"""A claim: what a story attributes to somebody, or asserts itself, with who says so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.spans import Span


@dataclass(frozen=True)
class Choice:
    """A label with its calibrated probability; a human's has 1."""

    label: str
    score: float


@dataclass(frozen=True)
class Claim:
    """One attribution of a story, or an unattributed sentence of the outlet (then `attributed` is false).

    Spans count code points of the story's text. by: `model:<revision>` or `human:<id>`.
    """

    key: str
    story_id: str
    story_version: int
    attributed: bool
    content: tuple[Span, ...]
    cue: tuple[Span, ...]
    source: tuple[Span, ...]
    speaker: str | None
    quotation: str
    naming: str
    role: Choice | None
    modality: Choice | None
    stance: Choice | None
    score: float
    by: str
    listed: str | None = None
    """The role that the desk's file gives the speaker on the story's day; shown beside the model's where they differ."""

    @property
    def against_list(self) -> bool:
        """Whether the desk's file has another role for the speaker than the claim says."""
        return self.listed is not None and self.role is not None and self.role.label != self.listed

    @property
    def spans(self) -> tuple[Span, ...]:
        """All spans in the order of the text."""
        return tuple(sorted((*self.source, *self.cue, *self.content)))

    @property
    def quoted(self) -> str:
        """The content's words, stretches joined by an ellipsis."""
        return " … ".join(s.text for s in self.content)

    def label(self, element: str) -> str | None:
        """What it says of an element (`schemas.labels.CHOICES`); None where it says nothing."""
        value = getattr(self, element)
        return value if isinstance(value, str) or value is None else value.label

    def to_contract(self) -> dict[str, Any]:
        """The object that `onrecord annotate --format jsonl` prints; `listed` only where a desk's file says something."""
        row = self.to_dict()
        if self.listed is None:
            del row["listed"]
        return {"story_id": row.pop("story_id"), "story_version": row.pop("story_version"), "claim_id": row.pop("key"), **row}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        row = dict(vars(self))  # not asdict, which copies deeply: a night writes thousands of claims
        row |= {name: [dict(vars(span)) for span in row[name]] for name in ("content", "cue", "source")}
        row |= {name: dict(vars(row[name])) if row[name] else None for name in ("role", "modality", "stance")}
        return row

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Claim:
        """A claim from what `to_dict` gave."""
        values = dict(row)
        for name in ("content", "cue", "source"):
            values[name] = tuple(Span(**s) for s in row[name])
        for name in ("role", "modality", "stance"):
            values[name] = Choice(**row[name]) if row[name] else None
        return cls(**values)


def claim_keys(guid: str, relations: Iterable[tuple[Sequence[Span], Sequence[Span], Sequence[Span]]]) -> list[str]:
    """A key for each (source, cue, content) of a story: from its words, not its place, so that it outlives a new version.

    The same words a second time in one story get another key.
    """
    seen: dict[str, int] = {}
    keys = []
    for parts in relations:
        words = "\x1e".join("\x1f".join(" ".join(s.text.split()) for s in spans) for spans in parts)
        nth = seen[words] = seen.get(words, 0) + 1
        keys.append(hashlib.sha256(f"{guid}\x1d{words}\x1d{nth}".encode("utf-8", "surrogatepass")).hexdigest()[:24])
    return keys
