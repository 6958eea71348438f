"""Scores, against hand-computed ones and against the reference scorer."""

from __future__ import annotations

import importlib.util
import random
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from annotators.corpora import Relation, read_articles
from annotators.scoring import Rates, overlap, rates, score
from annotators.tags import ROLES

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
REFERENCE, DEV = SHARED / "scoring" / "score_attribution.py", SHARED / "corpora" / "polnear" / "dev.jsonl"
needs_corpora = pytest.mark.skipif(
    not (REFERENCE.is_file() and DEV.is_file()), reason=f"no ../shared/scoring and ../shared/corpora/polnear beside {ROOT.name}"
)

TEXT = "Ann said yes. Bob denied it, loudly."


def relation(source: str = "", cue: str = "", content: str = "") -> Relation:
    """Parts as words of TEXT, stretches parted by a bar."""
    return Relation(*(tuple((TEXT.index(w), TEXT.index(w) + len(w)) for w in part.split("|") if w) for part in (source, cue, content)))


ANN, BOB = relation("Ann", "said", "yes"), relation("Bob", "denied", "it")


def test_by_hand() -> None:
    # the first is right but for punctuation; the second lacks its source and has a word too many
    found = [relation("Ann", "said", "yes."), relation("", "denied", "it, loudly")]
    scores = score([(TEXT, [ANN, BOB], found)])
    assert scores.word == {
        "source": Rates(100.0, 50.0, 66.7),
        "cue": Rates(100.0, 100.0, 100.0),
        "content": Rates(66.7, 100.0, 80.0),  # yes, it, loudly against yes, it
    }
    assert scores.exact == {
        "source": Rates(100.0, 50.0, 66.7),
        "cue": Rates(100.0, 100.0, 100.0),
        "content": Rates(50.0, 50.0, 50.0),
    }
    assert scores.relation_exact == scores.relation_lenient == Rates(50.0, 50.0, 50.0)
    assert (scores.gold, scores.predicted) == (2, 2)


@pytest.mark.parametrize(
    ("gold", "found", "exact", "lenient"),
    [
        ([ANN], [ANN], 100.0, 100.0),
        ([ANN], [], 0.0, 0.0),
        ([], [ANN], 0.0, 0.0),
        ([ANN], [relation("Ann", "said", "yes|Bob denied it")], 0.0, 0.0),  # overlap 2/5
        ([ANN], [relation("Ann", "said", "yes|Bob denied")], 0.0, 100.0),  # overlap 2/4: just half
        ([ANN], [relation("Ann", "denied", "yes")], 0.0, 100.0),  # the cue may differ, when the content meets
        ([ANN], [relation("Ann", "denied", "loudly")], 0.0, 0.0),  # neither cue nor content meets: no pair
        ([relation("", "said", "yes")], [relation("", "said", "yes")], 100.0, 100.0),  # no source on both sides agrees
        ([ANN, BOB], [relation("Bob", "denied", "it"), relation("Ann", "said", "yes")], 100.0, 100.0),  # in any order
    ],
)
def test_relations(gold: list[Relation], found: list[Relation], exact: float, lenient: float) -> None:
    scores = score([(TEXT, gold, found)])
    assert (scores.relation_exact.f, scores.relation_lenient.f) == (exact, lenient)


def test_pairs_are_one_to_one_and_the_best_comes_first() -> None:
    worse = relation("Ann", "said", "yes|Bob")
    scores = score([(TEXT, [ANN], [worse, ANN])])
    assert scores.relation_exact == Rates(50.0, 100.0, 66.7)
    # what is paired is spent, on both sides
    assert score([(TEXT, [ANN], [ANN, ANN])]).relation_exact == Rates(50.0, 100.0, 66.7)
    assert score([(TEXT, [ANN, ANN], [ANN])]).relation_exact == Rates(100.0, 50.0, 66.7)


def test_stories_count_by_their_words() -> None:
    # micro-average: 1 of 1 and 0 of 3 words are 1 of 4, not the mean of 1 and 0
    scores = score([(TEXT, [relation(cue="said")], [relation(cue="said")]), (TEXT, [relation(cue="Bob denied it")], [])])
    assert scores.word["cue"] == Rates(100.0, 25.0, 40.0)


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [({1, 2}, {2, 3}, 0.5), ({1}, {1}, 1.0), (set(), set(), 1.0), ({1}, set(), 0.0)],
)
def test_overlap(a: set[int], b: set[int], value: float) -> None:
    assert overlap(frozenset(a), frozenset(b)) == value


def test_rates_of_nothing() -> None:
    assert rates(0, 0, 0) == Rates(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_attribution", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def jittered(relations: tuple[Relation, ...], rng: random.Random) -> list[Relation]:
    """Relations as a middling model would find them: some missing, some doubled, borders moved, parts lost or swapped."""

    def part(stretches: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        moved = ((max(0, a + rng.choice([-9, 0, 0, 0, 5])), b + rng.choice([-2, 0, 0, 0, 7])) for a, b in stretches if rng.random() > 0.1)
        return tuple((a, b) for a, b in moved if a < b)

    found = []
    for relation in relations:
        for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 1, 2])):
            parts = [part(getattr(relation, role)) for role in ROLES]
            if rng.random() < 0.05:
                rng.shuffle(parts)
            found.append(Relation(*parts))
    rng.shuffle(found)
    return found


@pytest.mark.corpora
@needs_corpora
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_figures_as_the_reference(reference: ModuleType, seed: int) -> None:
    rng = random.Random(seed)
    articles = rng.sample(read_articles(DEV), 12)
    found = [jittered(a.relations, rng) for a in articles]

    def attributions(relations: Any) -> list[dict[str, list[list[int]]]]:
        return [{role: [list(s) for s in getattr(r, role)] for role in ROLES} for r in relations]

    theirs = reference.score(
        {a.id: {"text": a.text, "attributions": attributions(a.relations)} for a in articles},
        {a.id: {"attributions": attributions(f)} for a, f in zip(articles, found, strict=True)},
    )
    ours = score((a.text, a.relations, f) for a, f in zip(articles, found, strict=True))
    assert 0 < ours.relation_exact.f < ours.relation_lenient.f < 100  # neither all right nor all wrong
    assert {
        "word": {role: asdict(r) for role, r in ours.word.items()},
        "exact": {role: asdict(r) for role, r in ours.exact.items()},
        "ar_exact": asdict(ours.relation_exact),
        "ar_lenient": asdict(ours.relation_lenient),
        "relations": {"gold": ours.gold, "predicted": ours.predicted},
    } == theirs
