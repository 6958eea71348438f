"""What reviewing costs, by model: keys, mouse drags and seconds of an article, from a blank page and from a pre-label.

On the review page an agreed claim is one key. A wrong part is selected, deleted and marked anew; a missing one is marked: one key and
one drag. What is no claim is ticked as such. Seconds are the keystroke-level model's (Card, Moran and Newell 1980: a key 0.28 s, pointing
1.1 s, a press of the button 0.1 s, a decision 1.35 s), reading is 238 words a minute (Brysbaert 2019). No people were timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotators.corpora import Relation
from annotators.scoring import Words, pairs, word_sets
from annotators.tags import ROLES

KEY, DRAG, CLICK, DECIDE = 0.28, 2 * (1.1 + 0.1), 1.1 + 0.2, 1.35
"""Seconds of a key, of a mark drawn with the mouse, of a click, of a decision."""
READ = 60 / 238
"""Seconds a word."""


@dataclass(frozen=True)
class Effort:
    """What articles cost. edits: parts and claims changed; keys; marks: drags of the mouse; typed: keys where parts are typed instead."""

    edits: int = 0
    keys: int = 0
    marks: int = 0
    typed: int = 0
    seconds: float = 0.0

    def __add__(self, other: Effort) -> Effort:
        return Effort(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def blank(text: str, gold: Sequence[Relation]) -> Effort:
    """Marking every claim of an article from nothing, and submitting it."""
    total = Effort(keys=1, typed=1, seconds=len(text.split()) * READ + KEY)
    for relation in gold:
        total += _marking(relation, ROLES)
    return total


def prelabelled(text: str, gold: Sequence[Relation], found: Sequence[Relation]) -> Effort:
    """Making the found claims of an article the gold ones, each submitted for itself."""
    total = Effort(keys=1, typed=1, seconds=len(text.split()) * READ + KEY)
    golds, founds = word_sets(gold, text), word_sets(found, text)
    place = {id(words): number for number, words in enumerate(golds)}
    matched = {place[id(a)]: b for a, b in pairs(golds, founds)}
    for number, relation in enumerate(gold):
        if number in matched:
            total += _corrected(relation, golds[number], matched[number])
        else:
            total += _marking(relation, ROLES)
    for _ in range(len(found) - len(matched)):  # "not a claim", and submitted
        total += Effort(edits=1, keys=2, typed=2, seconds=DECIDE + 2 * KEY)
    return total


def _corrected(gold: Relation, words: Words, found: Words) -> Effort:
    """Looking at the three parts of a found claim, mending those that are wrong, and submitting it."""
    wrong = [role for role in ROLES if words[role] != found[role]]
    total = Effort(keys=1, typed=1, seconds=len(ROLES) * DECIDE + KEY)
    for role in wrong:
        if found[role]:
            total += Effort(keys=1, typed=2, seconds=CLICK + KEY)  # selected and deleted
    mended = _marking(gold, wrong)
    return total + Effort(len(wrong), mended.keys, mended.marks, mended.typed, mended.seconds - DECIDE * mended.marks)


def _marking(relation: Relation, roles: Sequence[str]) -> Effort:
    """Marking parts: for each stretch a decision, a key, a drag; or typing its words."""
    stretches = [span for role in roles for span in getattr(relation, role)]
    typed = sum(b - a + 3 for a, b in stretches)
    return Effort(len(stretches), len(stretches), len(stretches), typed, len(stretches) * (DECIDE + KEY + DRAG))
