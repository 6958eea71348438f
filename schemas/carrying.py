"""Claims from one version of a story to the next: spans re-anchored by diff, and what changed said in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from rapidfuzz import fuzz

from schemas.claim import Claim
from schemas.spans import Span, cut

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LIKE = 60.0
"""How alike (0 to 100) two contents must be for the one to be the other, changed."""
_SHOWN = 160


class Anchors:
    """Where the words of an old text stand in a new one."""

    def __init__(self, old: str, new: str) -> None:
        """Compares the texts word by word."""
        self.old, self._new = old, new
        here, there = list(_TOKEN.finditer(old)), list(_TOKEN.finditer(new))
        self._at = {m.start(): n for n, m in enumerate(here)}
        self._end = {m.end(): n for n, m in enumerate(here)}
        self._there = there
        self._to: dict[int, int] = {}
        # Equal beginnings and ends first: most updates add a paragraph, and what is left to compare is short.
        before, after = [m[0] for m in here], [m[0] for m in there]
        first = _common(before, after)
        last = _common(before[first:][::-1], after[first:][::-1])
        for n in range(first):
            self._to[n] = n
        for n in range(1, last + 1):
            self._to[len(before) - n] = len(after) - n
        matcher = SequenceMatcher(None, before[first : len(before) - last], after[first : len(after) - last], autojunk=False)
        for block in matcher.get_matching_blocks():
            for n in range(block.size):
                self._to[first + block.a + n] = first + block.b + n

    def span(self, old: Span) -> Span | None:
        """The same words in the new text; None where a word of them changed, went or was parted from the others."""
        first, last = self._at.get(old.start), self._end.get(old.end)
        if first is None or last is None:
            return None
        to = [self._to.get(n) for n in range(first, last + 1)]
        begin = to[0]
        if begin is None or any(t != begin + n for n, t in enumerate(to)):
            return None
        new = cut(self._new, self._there[begin].start(), self._there[begin + len(to) - 1].end())
        return new if new.text.split() == old.text.split() else None

    def claim(self, old: Claim, version: int) -> Claim | None:
        """The claim in the new version, its key and its labels kept; None where any of its words did not stand."""
        moved: dict[str, Any] = {}
        for part in ("content", "cue", "source"):
            found = [self.span(s) for s in getattr(old, part)]
            if None in found:
                return None
            moved[part] = tuple(s for s in found if s is not None)
        return replace(old, story_version=version, content=moved["content"], cue=moved["cue"], source=moved["source"])


@dataclass(frozen=True)
class Carried:
    """What became of the claims of the version before.

    kept: reviewed claims that stand, moved, though the model finds them otherwise now. taken: keys of new claims that they stand for.
    notices: what the annotator must know of each new claim.
    """

    kept: tuple[Claim, ...]
    taken: frozenset[str]
    notices: dict[str, str]


def carry(old: Sequence[Claim], reviewed: Iterable[str], new: Sequence[Claim], anchors: Mapping[int, Anchors], version: int) -> Carried:
    """Holds the claims of the versions before against those of the new one.

    reviewed: keys that a person decided on. anchors: for each version that an old claim is of, where its words stand now.
    """
    found = {claim.key for claim in new}
    gone = [claim for claim in old if claim.key not in found]
    fresh = {claim.key: claim for claim in new if claim.attributed and claim.key not in {c.key for c in old}}
    decided, kept, taken = set(reviewed), [], set()
    for claim in gone:
        moved = anchors[claim.story_version].claim(claim, version) if claim.key in decided else None
        if moved is not None:
            kept.append(moved)
            taken |= {key for key, other in fresh.items() if _same(moved, other)}
    last = max((c.story_version for c in old), default=0)
    notices = {key: _notice(claim, gone, last) for key, claim in fresh.items() if key not in taken and old}
    return Carried(tuple(kept), frozenset(taken), notices)


def _same(one: Claim, other: Claim) -> bool:
    """Whether two claims of one text are about the same saying: a shared cue, or contents that mostly overlap."""
    if one.cue and other.cue:
        return any(a.start < b.end and b.start < a.end for a in one.cue for b in other.cue)
    shared = sum(max(0, min(a.end, b.end) - max(a.start, b.start)) for a in one.content for b in other.content)
    return shared * 2 > min(sum(s.end - s.start for s in c.content) for c in (one, other))


def _notice(claim: Claim, gone: Sequence[Claim], version: int) -> str:
    """What a new claim is beside those of the version before: changed, with what it was, or new."""
    scored = [(fuzz.ratio(_words(claim), _words(other)), other) for other in gone if other.attributed]
    best, other = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    if other is None or best < _LIKE:
        return f"New since version {version}."
    said = [
        f"{part}: “{_short(a)}” is now “{_short(b)}”"
        for part in ("source", "cue", "content")
        if (a := " … ".join(s.text for s in getattr(other, part))) != (b := " … ".join(s.text for s in getattr(claim, part)))
    ]
    return f"Changed since version {other.story_version}: " + "; ".join(said) + "."


def _words(claim: Claim) -> str:
    return " ".join(s.text for s in claim.spans)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 2] + " …"


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words two lists begin with alike."""
    for n, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return n
    return min(len(one), len(other))
