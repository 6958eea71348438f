"""The queue: what is weightier comes first, and no more than people have time for; shares are drawn by key and seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.ordering import ordered
from flows.plan import Budget
from flows.store import Waiting
from schemas.claim import Choice, Claim
from schemas.errors import BadInput
from schemas.sampling import drawn, passages_to_review
from schemas.spans import Span, cut
from schemas.story import Story

NOW = datetime(2026, 3, 8, tzinfo=UTC)


def claim(key: str, **fields: Any) -> Claim:
    sure, cue = Choice("neutral", 0.9), (Span(0, 4, "said"),)
    values = {"story_id": key, "story_version": 1, "attributed": True, "content": (), "cue": cue, "source": (), "speaker": None}
    values |= {"quotation": "", "naming": "", "role": Choice("citizen", 0.9), "modality": Choice("asserts", 0.9), "stance": sure}
    return Claim(**values | {"key": key, "score": 0.9, "by": "model:1"} | fields)


def waiting(one: Claim, days: int = 0) -> Waiting:
    return Waiting(one.key, "claim", one, (NOW - timedelta(days=days)).isoformat())


PLAIN = [claim("a", story_id="s", speaker="Ann"), claim("b", story_id="s", speaker="Bo")]
"""Two sources in one story: neither claim has a ground of its own."""


@pytest.mark.parametrize(
    ("first", "days"),
    [
        ({"score": 0.5}, 0),  # the model is unsure of the spans
        ({"stance": Choice("neutral", 0.4)}, 0),  # or of the stance
        ({"role": Choice("government", 0.9), "stance": Choice("opposition", 0.9)}, 0),  # against its speaker's camp
        ({"modality": Choice("denies", 0.9)}, 0),  # a denial
        ({}, 7),  # it has waited for a week
    ],
)
def test_what_is_weightier_comes_first(first: dict[str, Any], days: int) -> None:
    weighty = replace(PLAIN[1], **first)
    assert ordered([waiting(PLAIN[0]), waiting(weighty, days)], NOW) == ["b", "a"]
    assert ordered([waiting(one) for one in PLAIN], NOW) == ["a", "b"]  # else by key


def test_a_single_source_and_a_contested_story_come_before_others() -> None:
    alone = claim("c", story_id="t", speaker="Cyd")
    camps = [claim(k, story_id="u", speaker=k, stance=Choice(s, 0.9)) for k, s in (("d", "government"), ("e", "opposition"))]
    queue = [waiting(one) for one in (*PLAIN, alone, *camps)]
    assert ordered(queue, NOW) == ["c", "d", "e", "a", "b"]


@pytest.mark.parametrize(("text", "size"), [("3h", 360), ("1.5H", 180), ("90m", 180), ("45 min", 90), ("400", 400)])
def test_budget(text: str, size: int) -> None:
    budget = Budget.read(text)
    assert budget
    assert budget.size(30.0) == size


def test_no_budget() -> None:
    assert Budget.read("") is None


@pytest.mark.parametrize("text", ["much", "3d", "-1h", "0", "0h", "1.5", "h", "3h 20"])
def test_a_budget_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"give hours \(3h\), minutes \(90m\) or a number of tasks a day \(400\)"):
        Budget.read(text)


def test_a_share_is_drawn_evenly_and_stays() -> None:
    keys = [f"key {n}" for n in range(10_000)]
    tenth = [key for key in keys if drawn(key, "double", 0.1, seed=3)]
    assert 900 < len(tenth) < 1100
    assert set(tenth) < {key for key in keys if drawn(key, "double", 0.2, seed=3)}  # a larger share keeps what was drawn
    assert 60 < sum(drawn(key, "blind", 0.1, seed=3) for key in tenth) < 140  # independent of the other purpose
    assert tenth != [key for key in keys if drawn(key, "double", 0.1, seed=4)]
    assert not any(drawn(key, "gold", 0.0) for key in keys)
    assert all(drawn(key, "gold", 1.0) for key in keys)


def test_passages_without_a_claim_are_drawn() -> None:
    said = "The minister said that prices would fall by the end of the summer."
    texts = [f"Paragraph {n} holds nothing that anybody is said to have said." for n in range(100)]
    story = Story("g", 1, "\n\n".join([said, "Short one.", *texts]))
    outlets = [
        claim(f"o{n}", attributed=False, cue=(), content=(cut(story.text, p.start, p.end),)) for n, p in enumerate(story.paragraphs[1:])
    ]
    found = claim("c", cue=(cut(story.text, 13, 17),))
    chosen = passages_to_review(story, [found, *outlets], 0.2, seed=1)
    assert 8 < len(chosen) < 36
    assert not {"o0", "c"} & set(chosen)  # too short; holds a claim
    assert passages_to_review(story, [found, *outlets], 1.0, seed=1) == [o.key for o in outlets[1:]]
    assert passages_to_review(story, [found, *outlets], 0.0) == []
