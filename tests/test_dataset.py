"""The dataset folder: what a person decided, also where nothing of the pre-label was left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exports.dataset import write_dataset
from schemas.claim import Choice, Claim
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story

TEXT = "Police said it rained."
STORY = Story("g", 1, TEXT)
CLAIM = Claim(
    key="k",
    story_id="g",
    story_version=1,
    attributed=True,
    content=(cut(TEXT, 12, 21),),
    cue=(cut(TEXT, 7, 11),),
    source=(cut(TEXT, 0, 6),),
    speaker=None,
    quotation="indirect",
    naming="unnamed",
    role=Choice("government", 0.9),
    modality=None,
    stance=None,
    score=0.9,
    by="model:x",
)


def review(claims: tuple[Claim, ...], *, skipped: bool = False) -> Review:
    return Review(1, "k", 1, "a@b", "2026-03-04T01:00:00Z", claims, {}, ("not a claim",), "", 1.0, skipped)


CASES = [
    # what was reviewed, the cues of the rows
    ("as pre-labelled", review((CLAIM,)), [["said"]]),
    ("all spans taken away", review(()), [[]]),
    ("skipped", review((), skipped=True), [[]]),
    ("one added", review((CLAIM, CLAIM)), [["said"], ["said"]]),
]


@pytest.mark.parametrize(("reviewed", "cues"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_no_review_is_lost(reviewed: Review, cues: list[list[str]], tmp_path: Path) -> None:
    from datasets import load_dataset

    write_dataset([(STORY, CLAIM, reviewed)], tmp_path / "out", datetime(2026, 3, 8, tzinfo=UTC))
    rows = list(load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["train"])
    assert [[s["text"] for s in row["cue"]] for row in rows] == cues
    assert [s["text"] for s in rows[0]["model_cue"]] == ["said"]
    assert rows[0]["problems"] == ["not a claim"]
    assert [bool(row["model_cue"]) for row in rows] == [n == 0 for n in range(len(rows))]
