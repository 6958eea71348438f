"""The dataset folder: what a person decided, also where nothing of the pre-label was left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exports import passages_table
from exports.adjudication import Judge
from exports.dataset import write_dataset
from exports.manifest import Manifest
from schemas.claim import Choice, Claim
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story

MADE = "2026-03-08T00:00:00+00:00"
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

    write_dataset([(STORY, CLAIM, reviewed)], tmp_path / "out", Manifest(MADE, "1", "g", splits={"g": "train"}))
    rows = list(load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["train"])
    assert [[s["text"] for s in row["cue"]] for row in rows] == cues
    assert [s["text"] for s in rows[0]["model_cue"]] == ["said"]
    assert rows[0]["problems"] == ["not a claim"]
    assert [bool(row["model_cue"]) for row in rows] == [n == 0 for n in range(len(rows))]


def whole(key: str, claims: tuple[Claim, ...], *, number: int, by: str = "a@b", passage: tuple[int, int] = (0, 22), **other: Any) -> Review:
    base = Review(number, key, 1, by, f"2026-03-04T01:00:{number:02d}Z", claims, {}, (), "", 1.0, False)
    return replace(base, **{"passage": passage, "whole": True, **other})


NONE = ("not a claim",)
SECOND = replace(CLAIM, key="k2", cue=(cut(TEXT, 15, 21),), content=(cut(TEXT, 12, 14),))
PASSAGES = [
    # what it is, the reviews by claim, what waits, the cues of the passage's relations (None: there is no such passage)
    ("one review that says so", [(CLAIM, whole("k", (CLAIM,), number=1))], {}, ["said"]),
    ("nobody says so", [(CLAIM, whole("k", (CLAIM,), number=1, whole=False))], {}, None),
    ("a task of it waits", [(CLAIM, whole("k", (CLAIM,), number=1))], {("g", 1): [(12, 21)]}, None),
    ("one of another passage waits", [(CLAIM, whole("k", (CLAIM,), number=1))], {("g", 1): [(22, 30)]}, ["said"]),
    (
        "two tasks are one passage",
        [(CLAIM, whole("k", (CLAIM,), number=1)), (SECOND, whole("k2", (SECOND,), number=2))],
        {},
        ["said", "rained"],
    ),
    ("the newest review counts", [(CLAIM, whole("k", left, number=n)) for n, left in ((1, (CLAIM,)), (2, ()))], {}, []),
    ("one skipped", [(CLAIM, whole("k", (CLAIM,), number=1, skipped=True))], {}, None),
    ("ticked as no claim, spans left standing", [(CLAIM, whole("k", (CLAIM,), number=1, problems=NONE))], {}, []),
    ("ticked as no claim, one added", [(CLAIM, whole("k", (CLAIM, SECOND), number=1, problems=NONE))], {}, ["rained"]),
    ("ticked as no claim, and put right", [(CLAIM, whole("k", (SECOND,), number=1, problems=NONE))], {}, ["rained"]),
]


@pytest.mark.parametrize(("reviewed", "waiting", "cues"), [case[1:] for case in PASSAGES], ids=[case[0] for case in PASSAGES])
def test_passages_reviewed_whole(reviewed: list, waiting: dict, cues: list[str] | None, tmp_path: Path) -> None:
    rows = list(passages_table.flat([(STORY, claim, review) for claim, review in reviewed], waiting, Judge(())))
    assert [[r["cue"][0]["text"] for r in row["relations"]] for row in rows] == ([] if cues is None else [cues])


ONE, TWO = "Police said it rained.", "Ann told them so on Monday."
BOTH = Story("g", 1, f"{ONE}\n\n{TWO}")
BORDER, END = len(ONE), len(BOTH.text)
TOLD = replace(CLAIM, key="k3", source=(cut(BOTH.text, 24, 27),), cue=(cut(BOTH.text, 28, 32),), content=(cut(BOTH.text, 38, 40),))
WIDE = replace(CLAIM, key="k4", source=(cut(BOTH.text, 24, 27),), cue=(cut(BOTH.text, 41, 50),), content=(cut(BOTH.text, 12, 21),))
SAID_1, TOLD_2 = whole("k", (CLAIM,), number=1), whole("k3", (TOLD,), number=2, passage=(24, END))
OVER_BOTH = whole("k4", (WIDE,), number=3, passage=(0, END))
SHARED = [
    # what it is, the reviews, each passage's text with its relations' cues
    ("a paragraph each", [(CLAIM, SAID_1), (TOLD, TOLD_2)], [(ONE, ["said"]), (TWO, ["told"])]),
    (
        "a claim over both makes one of them",
        [(CLAIM, SAID_1), (WIDE, OVER_BOTH), (TOLD, TOLD_2)],
        [(BOTH.text, ["said", "on Monday", "told"])],
    ),
    (
        "the wide one's reviewer said nothing, but both paragraphs' did",
        [(CLAIM, SAID_1), (WIDE, replace(OVER_BOTH, whole=False)), (TOLD, TOLD_2)],
        [(BOTH.text, ["said", "on Monday", "told"])],
    ),
    ("one paragraph's did not", [(CLAIM, SAID_1), (WIDE, replace(OVER_BOTH, whole=False)), (TOLD, replace(TOLD_2, whole=False))], []),
    ("one of them skipped", [(CLAIM, SAID_1), (WIDE, replace(OVER_BOTH, skipped=True)), (TOLD, TOLD_2)], []),
]


@pytest.mark.parametrize(("reviewed", "passages"), [case[1:] for case in SHARED], ids=[case[0] for case in SHARED])
def test_passages_that_share_a_paragraph_are_one(reviewed: list, passages: list) -> None:
    """Else each would lack the relations of the other's task."""
    rows = passages_table.flat([(BOTH, claim, review) for claim, review in reviewed], {}, Judge(()))
    assert [(row["text"], [r["cue"][0]["text"] for r in row["relations"]]) for row in rows] == passages


def test_a_review_counts_in_the_newest_version_that_has_its_passage() -> None:
    newer = Story("g", 2, f"It is Monday.\n\n{TWO}\n\n{ONE}")
    at = newer.text.index(ONE)
    there = cut(newer.text, at, at + 6)
    rained = replace(
        SECOND, story_version=2, source=(there,), cue=(cut(newer.text, at + 15, at + 21),), content=(cut(newer.text, at + 12, at + 14),)
    )
    later = whole("k2", (rained,), number=2, story_version=2, passage=(at, len(newer.text)))
    (row,) = passages_table.flat([(BOTH, CLAIM, SAID_1), (newer, rained, later)], {}, Judge(()))
    assert (row["text"], row["start"], [r["cue"][0]["text"] for r in row["relations"]]) == (ONE, at, ["said", "rained"])

    changed = replace(newer, text=newer.text.replace("Police", "They"))
    rows = list(
        passages_table.flat(
            [(BOTH, CLAIM, SAID_1), (changed, TOLD, replace(TOLD_2, story_version=2, claims=(), passage=(15, 42)))], {}, Judge(())
        )
    )
    assert [(r["story_version"], r["text"]) for r in rows] == [(1, ONE), (2, TWO)]


@pytest.mark.slow
def test_both_configurations_load_and_metadata_are_valid(tmp_path: Path) -> None:
    from datasets import ClassLabel, load_dataset
    from mlcroissant import Dataset as Croissant

    texts = {f"g{n}": replace(STORY, guid=f"g{n}", published=f"2026-03-0{n}T00:00:00Z", agency="AP") for n in range(1, 4)}
    rows = [(story, CLAIM, whole("k", (CLAIM,), number=n)) for n, story in enumerate(texts.values(), 1)]
    out, manifest = tmp_path / "out", Manifest(MADE, "1", "g", splits={"g1": "train", "g2": "validation", "g3": "test"})
    count = write_dataset([*rows, rows[-1]], out, manifest)
    for config in ("claims", "attribution"):
        loaded = load_dataset(str(out), config, cache_dir=str(tmp_path / "cache"))
        assert {split: list(loaded[split]["story_id"])[:1] for split in loaded} == {"train": ["g1"], "validation": ["g2"], "test": ["g3"]}
    assert isinstance(load_dataset(str(out), cache_dir=str(tmp_path / "cache"))["train"].features["stance"], ClassLabel)
    card = (out / "README.md").read_text()
    assert "published 2026-03-01 to 2026-03-03" in card
    assert count.relations == 3
    found = Croissant(str(out / "croissant.json"))
    assert not found.metadata.issues.errors
    records = list(found.records("claims-train"))
    assert records[0]["claims-train/story_id"] == b"g1"


@pytest.mark.slow
def test_a_long_split_goes_on_in_another_file_and_a_story_lies_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import load_dataset
    from mlcroissant import Dataset as Croissant

    from annotators.exported import read_export
    from annotators.exported_claims import read_reviewed

    monkeypatch.setattr("exports.dataset.FILE", 3)
    rows = []
    for n in range(5):
        story = replace(STORY, guid=f"g{n}")
        for m in range(2):
            claim = replace(CLAIM, key=f"{n} {m}", story_id=story.guid)
            rows.append((story, claim, whole(claim.key, (claim,), number=2 * n + m + 1)))
    out = tmp_path / "out"
    write_dataset(rows, out, Manifest(MADE, "1", "g", splits={f"g{n}": "train" for n in range(5)}))
    files = sorted((out / "claims").iterdir())
    assert [f.name for f in files] == ["train.parquet", "train_00001.parquet", "train_00002.parquet"]
    assert sorted(f.name for f in (out / "attribution").iterdir()) == ["train.parquet", "train_00001.parquet"]
    loaded = load_dataset(str(out), "claims", cache_dir=str(tmp_path / "cache"))["train"]
    assert list(loaded["story_id"]) == [f"g{n}" for n in range(5) for _ in range(2)]
    assert (
        list(read_export(out).stories) == [s.gold.article.id.split()[0] for s in read_reviewed(out, "train")] == [f"g{n}" for n in range(5)]
    )
    found = Croissant(str(out / "croissant.json"))
    assert not found.metadata.issues.errors
    assert sum(len(list(found.records(name))) for name in ("claims-train", "claims-train_00001", "claims-train_00002")) == 10


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [(STORY, CLAIM, whole("k", (CLAIM,), number=1))]
    for name in ("a", "b"):
        write_dataset(rows, tmp_path / name, Manifest(MADE, "1", "g", splits={"g": "train"}))
    files = [sorted(p.relative_to(tmp_path / name) for p in (tmp_path / name).rglob("*") if p.is_file()) for name in ("a", "b")]
    assert files[0] == files[1]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files[0])
