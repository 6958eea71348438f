"""What a judge must beat: each baseline against its definition, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from annotators.baselines import BagOfWords, bag, bags_of_words, copied, majority
from annotators.judging import JUDGED, LABELS


def test_the_most_frequent_label() -> None:
    assert majority(["a", "b", "b"]) == ["b"] * 3
    assert majority([]) == []


def test_the_role_as_stance() -> None:
    assert copied(["government", "opposition", "armed_group", "unknown"]) == ["government", "opposition", "neutral", "neutral"]


def test_words_are_counted_with_their_part() -> None:
    text = "The army said the army won."
    assert bag(text, [(0, 8)], [(9, 13)], [(14, 26)]) == {"s:the": 1, "s:army": 1, "c:said": 1, "t:the": 1, "t:army": 1, "t:won": 1}


def test_naive_bayes_by_hand() -> None:
    """Two labels, three words that stand twice or more: (2 + .5) / (2.5 + .5 + 1.5) and so on."""
    bags = [bag(t, [], [], [(0, len(t))]) for t in ("won won", "won both", "lost both", "lost once")]
    judge = BagOfWords(bags, ["good", "good", "bad", "bad"], ["good", "bad"])
    assert set(judge.words) == {"t:won", "t:lost", "t:both"}  # a word that stands once tells nothing
    good, bad = judge.likely[:, judge.words["t:won"]]
    assert (good - bad) == pytest.approx(np.log(2.5 / 0.5))
    assert judge.judge(bags[0]) == "good"
    assert judge.judge(bag("lost", [], [], [(0, 4)])) == "bad"
    assert judge.judge(bag("never seen", [], [], [(0, 10)])) == "good"  # as often as the other: the first


@pytest.mark.slow
@pytest.mark.parametrize("element", JUDGED)
def test_the_written_claims_teach_it_something(element: str) -> None:
    judge = bags_of_words(element)
    text = "A rebel commander vowed to fight the regime."
    assert judge.judge(bag(text, [(0, 17)], [(18, 23)], [(24, 43)])) in LABELS[element]
    assert len(judge.words) > 500
