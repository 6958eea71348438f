"""Agreement: the measures against published figures and other people's code, and honesty where there is little to go by."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.agreement import Agreement, against_gold, agreement, alpha, choice_agreement, cohen, fleiss
from exports.agreement import _coincidences as coincidences
from schemas.claim import Choice, Claim
from schemas.reviews import Review
from schemas.spans import Span

Labels = dict[str, dict[str, str]]


def figure(labels: Labels) -> Agreement:
    return choice_agreement("stance", labels, np.random.default_rng(0))


# Published figures


def test_fleiss_of_his_own_example_as_wikipedia_prints_it() -> None:
    """14 raters, 10 subjects, 5 categories: kappa = 0.210."""
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    assert fleiss(np.array(counts, dtype=float)) == pytest.approx(0.210, abs=0.0005)


def test_alpha_of_krippendorffs_example_with_gaps() -> None:
    """Krippendorff 2011, "Computing Krippendorff's alpha-reliability", C: four observers, twelve units, nominal alpha = 0.743."""
    rows = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
    units = list(zip(*(row.split() for row in rows), strict=True))
    labels = {str(n): {str(who): x for who, x in enumerate(unit) if x != "."} for n, unit in enumerate(units)}
    found = figure(labels)
    assert found.measure == "Krippendorff's alpha"
    assert found.value == pytest.approx(0.743, abs=0.0005)
    assert (found.claims, found.people) == (11, 4)  # the unit with one value does not count


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=6, max_size=40))
@pytest.mark.slow
def test_cohen_as_scikit_learn_has_it(pairs: list[tuple[str, str]]) -> None:
    theirs = pytest.importorskip("sklearn.metrics").cohen_kappa_score
    one, two = zip(*pairs, strict=True)
    if len({*one, *two}) == 1:
        return
    found = figure({str(n): {"ann": a, "bo": b} for n, (a, b) in enumerate(pairs)})
    assert found.measure == "Cohen's kappa"
    expected = theirs(one, two)
    assert found.value == (None if np.isnan(expected) else pytest.approx(expected))


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=2, max_size=5), min_size=3, max_size=20))
def test_alpha_as_nltk_has_it(units: list[list[str]]) -> None:
    task = pytest.importorskip("nltk.metrics.agreement").AnnotationTask
    kinds = sorted({label for unit in units for label in unit})
    if len(kinds) == 1:
        return
    counts = np.array([[unit.count(kind) for kind in kinds] for unit in units], dtype=float)
    rows = [(f"coder {who}", str(n), label) for n, unit in enumerate(units) for who, label in enumerate(unit)]
    assert alpha(coincidences(counts)) == pytest.approx(task(rows).alpha())


# Which measure fits, and what it is worth


def test_the_measure_follows_who_reviewed_what() -> None:
    two = {str(n): {"ann": "ab"[n % 2], "bo": "ab"[n % 2]} for n in range(6)}
    three = {str(n): {("ann", "bo", "cy")[n % 3]: "a", ("bo", "cy", "ann")[n % 3]: "ab"[n % 2]} for n in range(6)}
    uneven = three | {"7": {"ann": "a", "bo": "a", "cy": "b"}}
    assert [figure(x).measure for x in (two, three, uneven)] == ["Cohen's kappa", "Fleiss' kappa", "Krippendorff's alpha"]
    assert figure(two).value == 1.0


def test_chance_agreement_is_none_and_the_interval_holds_it() -> None:
    rng = random.Random(1)
    found = figure({str(n): {"ann": rng.choice("ab"), "bo": rng.choice("ab")} for n in range(400)})
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert abs(found.value) < 0.1
    assert found.low < 0 < found.high
    assert 0.45 < found.observed < 0.55
    assert found.note == ""


@pytest.mark.parametrize(
    ("labels", "note"),
    [
        ({str(n): {"ann": "a", "bo": "ab"[n % 2]} for n in range(3)}, "3 claims are too few"),
        ({str(n): {"ann": "a", "bo": "a"} for n in range(50)}, "all said a"),  # kappa would be 0 / 0
    ],
)
def test_where_a_coefficient_says_nothing_none_is_given(labels: Labels, note: str) -> None:
    found = figure(labels)
    assert (found.value, found.low, found.high, found.note) == (None, None, None, note)


def test_few_claims_are_called_few() -> None:
    found = figure({str(n): {"ann": "ab"[n % 2], "bo": "aab"[n % 3]} for n in range(12)})
    assert found.note == "12 claims are few: mind the interval"
    assert found.value is not None


def test_the_interval_shrinks_with_claims_and_is_the_same_again() -> None:
    def width(count: int) -> float:
        rng = random.Random(2)
        labels = {}
        for n in range(count):
            said = rng.choice("abc")
            labels[str(n)] = {"ann": said, "bo": said if rng.random() < 0.8 else rng.choice("abc")}
        found = figure(labels)
        assert found == figure(labels)
        assert found.high is not None
        assert found.low is not None
        return found.high - found.low

    assert width(50) > 1.5 * width(400)


# From reviews


def review(key: str, by: str, stance: str, content: tuple[int, int] = (10, 20), **fields: Any) -> Review:
    spans = {"source": (Span(0, 3, "Ann"),), "cue": (Span(4, 8, "said"),), "content": (Span(*content, "x" * (content[1] - content[0])),)}
    none: dict[str, Any] = dict.fromkeys(("speaker", "role", "modality"))
    claim = Claim(key, "g", 1, True, quotation="", naming="", stance=Choice(stance, 1), score=1, by=by, **spans, **none)
    values: dict[str, Any] = {"story_version": 1, "updated": "2026", "claims": (claim,), "choices": {"stance": stance}, "problems": ()}
    values |= {"note": "", "seconds": 1.0, "skipped": False, "passage": (0, 30)}
    return Review(annotation_id=hash((key, by)) % 10_000, key=key, by=by, **values | fields)


def reviews(count: int, **fields: Any) -> list[Review]:
    return [review(f"k{n}", by, ("government", "neutral")[n % 2], **fields) for n in range(count) for by in ("ann", "bo")]


def test_who_agrees_on_all_agrees_on_all() -> None:
    found = {f.element: f for f in agreement(reviews(40))}
    assert list(found) == ["spans", "source", "cue", "content", "links", "stance", "a claim"]
    assert {name: f.value for name, f in found.items() if name != "a claim"} == dict.fromkeys(list(found)[:-1], 1.0)
    assert found["a claim"].note == "all said yes"


def test_disagreement_shows_where_it_is() -> None:
    off = [review(f"k{n}", "bo", ("government", "neutral")[n % 2], content=(10, 25)) for n in range(40)]
    found = {f.element: f.value for f in agreement([*(r for r in reviews(40) if r.by == "ann"), *off])}
    assert (found["source"], found["cue"], found["content"], found["links"]) == (1.0, 1.0, 0.0, 0.5)
    assert 0.5 < (found["spans"] or 0) < 1
    assert found["stance"] == 1.0


def test_what_is_no_second_opinion_does_not_count() -> None:
    alone = [review(f"a{n}", "ann", "neutral") for n in range(10)]
    skipped = [review(f"a{n}", "bo", "government", skipped=True) for n in range(10)]
    again = [review(f"a{n}", "ann", "government", updated="2027") for n in range(10)]  # the same person's later word
    assert agreement([*alone, *skipped, *again]) == []


def test_hidden_gold() -> None:
    answers = [review("k", by, "neutral") for by in ("ann", "bo")]
    asked = [review("g", "ann", "neutral"), review("h", "cy", "government")]
    found = against_gold([*answers, *asked], {"g": "k", "h": "k"})
    assert [(f.by, f.tasks, f.right, f.asked) for f in found] == [("ann", 1, 1, 1), ("cy", 1, 0, 1)]


def test_cohen_needs_variation() -> None:
    assert np.isnan(cohen(np.ones((5, 1, 1))))
