"""Seeded shares: which tasks fall into a sample, the same ones at every run and whatever else comes in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from schemas.claim import Claim
from schemas.story import Story

_WORDS = 8
"""Words below which a paragraph is a dateline or a sign-off."""


def drawn(key: str, purpose: str, share: float, seed: int = 0) -> bool:
    """Whether a key falls into a share (0 to 1) for a purpose: evenly, and independently from one purpose to another."""
    return place(key, purpose, seed) < share


def place(key: str, purpose: str, seed: int = 0) -> float:
    """Where a key stands for a purpose, from 0 to 1."""
    digest = hashlib.sha256(f"{seed}\x1d{purpose}\x1d{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def passages_to_review(story: Story, claims: Sequence[Claim], share: float, seed: int = 0) -> list[str]:
    """Keys of unattributed claims that stand for paragraphs in which no claim was found: a share of these paragraphs."""
    found = [span for claim in claims if claim.attributed for span in claim.spans]
    keys = []
    for paragraph in story.paragraphs:
        if len(paragraph.text.split()) < _WORDS or _touch(paragraph.start, paragraph.end, found):
            continue
        inside = [c for c in claims if not c.attributed and _touch(paragraph.start, paragraph.end, c.spans)]
        if inside and drawn(f"{story.guid}\x1d{paragraph.text}", "passage", share, seed):
            keys.append(inside[0].key)
    return list(dict.fromkeys(keys))


def _touch(start: int, end: int, spans: Iterable) -> bool:
    return any(span.start < end and span.end > start for span in spans)
