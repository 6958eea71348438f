"""Several people's choices become one by a stated rule; where they cannot, a person has to settle it.

majority: more than half; expert: an expert's word where there is one, else the majority; dawid-skene: the likeliest label when each
person's own error rates are estimated with it (Dawid and Skene 1979, by crowd-kit). To settle a dispute somebody reviews the task
in Label Studio: a third word makes a majority, an expert's counts under any rule. Spans are one person's: the newest, or an expert's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.errors import BadInput, MissingExtra
from schemas.labels import CHOICES, HUMAN_ONLY
from schemas.reviews import Review

SURE = 0.9
"""Probability under Dawid and Skene from which a label counts as settled."""
ELEMENTS = tuple(name for name in (*CHOICES, *HUMAN_ONLY) if name != "quotation")
Labels = Mapping[str, Mapping[str, str]]
"""Label by task and person."""


class Rule(StrEnum):
    """How choices are made one."""

    MAJORITY = "majority"
    EXPERT = "expert"
    DAWID_SKENE = "dawid-skene"


@dataclass(frozen=True)
class Dispute:
    """What people do not agree on: a task's element, and who says what."""

    key: str
    element: str
    said: dict[str, str]


def newest(reviews: Iterable[Review]) -> dict[str, dict[str, Review]]:
    """The newest review of each person by task; those skipped are left out."""
    found: dict[str, dict[str, Review]] = {}
    for review in sorted(reviews, key=lambda r: (r.key, r.updated, r.annotation_id)):
        if not review.skipped:
            found.setdefault(review.key, {})[review.by] = review
    return found


class Judge:
    """Says what counts for a task. reviews: those to know people by."""

    def __init__(self, reviews: Iterable[Review], rule: Rule = Rule.MAJORITY, experts: Collection[str] = ()) -> None:
        """Errors: BadInput where the rule needs what is not there; MissingExtra without crowd-kit."""
        if rule is Rule.EXPERT and not experts:
            raise BadInput("the rule `expert` needs to know who is one: give --expert NAME, as often as there are experts")
        self.rule, self.experts = rule, tuple(experts)
        shared = {key: by for key, by in newest(reviews).items() if len(by) > 1}
        self._likely: dict[str, dict[str, tuple[str, float]]] = {}
        if rule is Rule.DAWID_SKENE:
            labels = {
                name: {k: {w: r.choices[name] for w, r in by.items() if name in r.choices} for k, by in shared.items()} for name in ELEMENTS
            }
            self._likely = {name: dawid_skene(rows) for name, rows in labels.items()}

    def settle(self, reviews: Iterable[Review]) -> tuple[dict[str, str], list[Dispute]]:
        """What counts for one task, by element, and what is left to settle."""
        by = next(iter(newest(reviews).values()), {})
        labels: dict[str, str] = {}
        disputes: list[Dispute] = []
        for name in ELEMENTS:
            said = {who: r.choices[name] for who, r in sorted(by.items()) if name in r.choices}
            label = self._label(next(iter(by.values())).key, name, said) if said else None
            if label is not None:
                labels[name] = label
            elif said:
                disputes.append(Dispute(next(iter(by.values())).key, name, said))
        return labels, disputes

    def counting(self, reviews: Iterable[Review]) -> Review:
        """The review of one task whose spans count: the newest, an expert's before others', one that was skipped after all."""
        return max(reviews, key=lambda r: (not r.skipped, r.by in self.experts, r.updated, r.annotation_id))

    def _label(self, key: str, element: str, said: Mapping[str, str]) -> str | None:
        words = {said[who] for who in self.experts if who in said}
        if len(words) == 1:
            return words.pop()
        if words:
            return None
        if key in (likely := self._likely.get(element, {})):
            label, sure = likely[key]
            return label if sure >= SURE else None
        label, count = Counter(said.values()).most_common(1)[0]
        return label if 2 * count > len(said) else None


def dawid_skene(labels: Labels, iterations: int = 100) -> dict[str, tuple[str, float]]:
    """The likeliest label of each task and its probability. Errors: MissingExtra without crowd-kit."""
    rows = [(task, who, label) for task, by in sorted(labels.items()) for who, label in sorted(by.items())]
    if not rows:
        return {}
    try:
        import pandas as pd
        from crowdkit.aggregation import DawidSkene
    except ImportError as error:
        raise MissingExtra(f"the rule dawid-skene needs {error.name}: install the extra `curate`") from error
    table = DawidSkene(n_iter=iterations).fit_predict_proba(pd.DataFrame(rows, columns=["task", "worker", "label"]))
    return {str(task): (str(row.idxmax()), float(row.max())) for task, row in table.iterrows()}
