"""Which decisions are likely slips: ranked by how little the label that people gave is believed by a model that has not seen it.

The probabilities are out of fold: each story's labels are judged by a model learned from other stories, a logistic regression over the
words of source, cue and content and over what the pre-label said, which was said before anybody decided. Ranking: self-confidence
(Northcutt, Jiang and Chuang 2021, by cleanlab). It sees what goes against the words; it knows nothing of the guideline.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exports.claims_table import PARTS
from schemas.claim import Claim
from schemas.errors import BadInput, MissingExtra
from schemas.labels import CHOICES

FOLDS = 5
"""Also the stories that must have a label for it to be learned."""
ELEMENTS = tuple(name for name in CHOICES if name != "quotation")


@dataclass(frozen=True)
class Decided:
    """A claim with what people decided, by element. claim: as they left it; model: as it was pre-labelled."""

    key: str
    claim: Claim
    model: Claim
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Doubt:
    """A label that is little believed. belief: its probability out of fold; likelier: the label that is believed most, and how much.

    issue: whether cleanlab counts it among the errors, as many as the labels' confusion lets it estimate.
    """

    key: str
    element: str
    label: str
    belief: float
    likelier: str
    likelihood: float
    issue: bool


def doubts(decided: Sequence[Decided], seed: int = 0) -> list[Doubt]:
    """All labels that another is believed likelier than, the least believed first.

    Errors: BadInput where no element has two labels in `FOLDS` stories each; MissingExtra without cleanlab and scikit-learn.
    """
    found: list[Doubt] = []
    ranked = 0
    for element in ELEMENTS:
        its = [d for d in decided if element in d.labels]
        stories: dict[str, set[str]] = {}
        for d in its:
            stories.setdefault(d.labels[element], set()).add(d.claim.story_id)
        order = sorted(label for label, guids in stories.items() if len(guids) >= FOLDS)
        if len(order) > 1:
            ranked += 1
            found += _of_element(element, order, [d for d in its if d.labels[element] in order], seed)
    if not ranked:
        raise BadInput(
            f"{len(decided)} reviewed claims are too few to find slips in: some element needs two labels, each in {FOLDS} stories or more"
        )
    return sorted(found, key=lambda d: (d.belief, d.key, d.element))


def _of_element(element: str, order: Sequence[str], decided: Sequence[Decided], seed: int) -> list[Doubt]:
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError as error:
        raise MissingExtra(f"ranking likely label errors needs {error.name}: install the extra `curate`") from error
    labels = np.array([order.index(d.labels[element]) for d in decided])
    believed = out_of_fold([features(d) for d in decided], labels, [d.claim.story_id for d in decided], seed)
    quality = get_label_quality_scores(labels, believed)
    issues = find_label_issues(labels, believed, n_jobs=1)
    best = believed.argmax(axis=1)
    return [
        Doubt(d.key, element, order[own], round(float(q), 4), order[top], round(float(row[top]), 4), bool(issue))
        for d, own, q, top, row, issue in zip(decided, labels, quality, best, believed, issues, strict=True)
        if top != own
    ]


def features(decided: Decided) -> dict[str, float]:
    """What a label is judged by: the claim's words by part, and what the pre-label said, how sure."""
    words = Counter(f"{p} {w}" for p in PARTS for s in getattr(decided.claim, p) for w in re.findall(r"\w+", s.text.lower()))
    told: dict[str, float] = dict.fromkeys(words, 1.0)
    for name in ELEMENTS:
        said = getattr(decided.model, name)
        if said and not isinstance(said, str):
            told[f"model {name} {said.label}"] = float(np.log(max(said.score, 1e-3) / max(1 - said.score, 1e-3)))
        elif said:
            told[f"model {name} {said}"] = 1.0
    return told


def out_of_fold(rows: Sequence[dict[str, float]], labels: np.ndarray, stories: Sequence[str], seed: int) -> np.ndarray:
    """(rows, labels) probabilities, each by a model that has seen nothing of the row's story."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    table: Any = DictVectorizer().fit_transform(rows)  # its words, not their labels: nothing leaks by that
    believed = np.full((len(rows), int(labels.max()) + 1), 1e-6)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for learned, held in folds.split(table, labels, stories):
            model = LogisticRegression(C=1.0, max_iter=300).fit(table[learned], labels[learned])
            believed[np.ix_(held, model.classes_)] = model.predict_proba(table[held])
    return believed / believed.sum(axis=1, keepdims=True)


def by_claim(found: Iterable[Doubt]) -> dict[str, list[Doubt]]:
    """The doubts of each claim, claims in the order of their least believed label."""
    claims: dict[str, list[Doubt]] = {}
    for doubt in found:
        claims.setdefault(doubt.key, []).append(doubt)
    return claims
