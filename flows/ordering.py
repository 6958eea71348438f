"""The queue's order: what teaches most or matters most first."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from flows.store import Waiting
from schemas.claim import Claim
from schemas.labels import Modality, Role, Stance

UNSURE, AGAINST, CONTESTED, ALONE, AGE = 1.0, 0.5, 0.25, 0.25, 0.5
"""What each ground weighs: the model's doubt (0 to 1); a stance against its speaker's camp, or a role against the desk's
file; a denial, or both camps in the story; a story with one source only; age (0 to 1 in a week)."""
_WEEK = 7 * 86_400
_CAMPS: dict[str, str] = {Role.GOVERNMENT: Stance.OPPOSITION, Role.OPPOSITION: Stance.GOVERNMENT}


def ordered(waiting: Iterable[Waiting], now: datetime) -> list[str]:
    """Keys of waiting tasks, the weightiest first. waiting: grouped by story."""
    ranked = [(-weight(task, [t.claim for t in tasks], now), task.key) for tasks in _by_story(waiting) for task in tasks]
    return [key for _, key in sorted(ranked)]


def _by_story(waiting: Iterable[Waiting]) -> Iterator[list[Waiting]]:
    for _, tasks in itertools.groupby(waiting, key=lambda task: task.claim.story_id):
        yield list(tasks)


def weight(task: Waiting, story: Sequence[Claim], now: datetime) -> float:
    """How much a task matters, among the claims of its story that wait with it."""
    claim = task.claim
    age = (now - datetime.fromisoformat(task.received)).total_seconds() / _WEEK
    total = UNSURE * doubt(claim) + AGE * min(max(age, 0.0), 1.0)
    if claim.against_list or (claim.stance and claim.role and _CAMPS.get(claim.role.label) == claim.stance.label):
        total += AGAINST
    if (claim.modality and claim.modality.label == Modality.DENIES) or {Stance.GOVERNMENT, Stance.OPPOSITION} <= _stances(story):
        total += CONTESTED
    if claim.attributed and len({(c.speaker or " ".join(s.text for s in c.source)) for c in story if c.attributed}) == 1:
        total += ALONE
    return round(total, 6)


def _stances(story: Sequence[Claim]) -> set[str]:
    return {claim.stance.label for claim in story if claim.stance}


def doubt(claim: Claim) -> float:
    """How unsure the model is: of its least sure element."""
    return 1.0 - min([claim.score, *(c.score for c in (claim.role, claim.modality, claim.stance) if c)])
