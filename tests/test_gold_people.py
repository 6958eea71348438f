"""The benchmarks' annotators who answer as a gold does: what they submit comes back as just the gold, and whole where it is."""

from __future__ import annotations

import pytest

from annotators.corpora import Article, Relation
from benchmarks.gold_people import annotation, moved, told
from schemas.claim import Claim, claim_keys
from schemas.reviews import Review, parse_annotation
from schemas.spans import cut
from schemas.story import Story
from schemas.tasks import claim_task

TEXT = "Ann Lee said it rained. Bo Kim denied that it had snowed, and police confirmed it.\n\nIt was dry, they added. The said man left."
STORY = Story("g", 1, TEXT)


def relation(source: str, cue: str, content: str) -> Relation:
    return Relation(*(((TEXT.index(words), TEXT.index(words) + len(words)),) for words in (source, cue, content)))


ANN, BO = relation("Ann Lee", "said", "it rained"), relation("Bo Kim", "denied", "that it had snowed")
POLICE, THEY = relation("police", "confirmed", "it rained"), relation("they", "added", "It was dry")
ACROSS = Relation(THEY.source, THEY.cue, ANN.content)
WRONG = Relation(ANN.source, BO.cue, BO.content)
NONE = relation("The", "said man", "left")


def task(number: int, found: Relation) -> dict:
    source, cue, content = (tuple(cut(TEXT, a, b) for a, b in getattr(found, role)) for role in ("source", "cue", "content"))
    (key,) = claim_keys("g", [(source, cue, content)])
    claim = Claim(key, "g", 1, True, content, cue, source, None, "indirect", "named", None, None, None, 0.9, "model:x")
    return claim_task(STORY, claim) | {"id": number}


def review(one: dict, tasks: list[dict], gold: list[Relation], slip: float = 0.0) -> Review:
    made = annotation(one, told(tasks, TEXT, gold)[one["data"]["key"]], slip, "ann")
    return parse_annotation(made | {"id": 1, "updated_at": "2026-03-04T00:00:00Z"}, one["data"], "ann")


def relations(review: Review) -> list[Relation]:
    return [Relation(*(tuple((s.start, s.end) for s in part) for part in (c.source, c.cue, c.content))) for c in review.claims]


CASES = [
    # what the model found, the gold, what is submitted for each task, what is ticked, whether it is whole
    ("as it should be", [ANN], [ANN], [[ANN]], [()], [True]),
    ("a wrong source", [WRONG], [BO], [[BO]], [()], [True]),
    ("no claim", [NONE], [], [[NONE]], [("not a claim",)], [True]),
    ("one that nobody found, and one in another paragraph", [ANN, THEY], [ANN, BO, THEY], [[ANN, BO], [THEY]], [(), ()], [True, True]),
    ("one that leaves its passage", [ANN, THEY], [ANN, ACROSS], [[ANN], [THEY]], [(), ("not a claim",)], [False, False]),
]


@pytest.mark.parametrize(("found", "gold", "said", "ticked", "whole"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_gold_comes_back(found: list, gold: list, said: list, ticked: list, whole: list) -> None:
    tasks = [task(n, its) for n, its in enumerate(found)]
    reviews = [review(one, tasks, gold) for one in tasks]
    assert [relations(r) for r in reviews] == said
    assert [r.problems for r in reviews] == ticked
    assert [r.whole for r in reviews] == whole


def test_who_slips_lets_the_pre_label_through() -> None:
    tasks = [task(0, WRONG)]
    slipped = review(tasks[0], tasks, [BO], slip=1.0)
    assert (relations(slipped), slipped.problems) == ([WRONG], ())


def test_gold_moves_with_white_space_and_what_cannot_is_told() -> None:
    spaced = TEXT.replace("it rained", "it\u00a0rained", 1)
    assert moved(Article("g", TEXT, (ANN, BO)), spaced) == ([ANN, BO], [])
    kept, lost = moved(Article("g", TEXT, (ANN, BO)), TEXT.replace("snowed", "hailed"))
    assert kept == [ANN]
    assert lost == [(BO.source[0]), (BO.cue[0])]
