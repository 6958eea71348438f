"""Decisions that fan out to near-duplicates: in the export once, marked, in their cluster's split, and whole only where nothing waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exports.manifest import read_manifest
from exports.splits import split_stories
from flows.exporting import export_reviews
from flows.store import Store
from schemas.claim import Claim, claim_keys
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Status, Story
from schemas.tasks import passage

AT = "2026-03-04T02:00:00+00:00"
NOW = datetime(2026, 3, 8, tzinfo=UTC)
BODY = (
    "Bread is dear, the mayor said on Tuesday. It rained, police said, in the port and on the hills around it all night.\n\n"
    "The ministry denied that it had known of cracks. It would look into the matter, a spokesman told reporters in the capital."
)
FIRST = Story("a", 1, f"LASTRA, March 3 (Meridian) - {BODY}", published="2026-03-03T00:00:00Z")
SECOND = Story("b", 1, f"PORT, March 4 (Sextant) - {BODY}\n\nThe bridge was built in 1961.", published="2026-03-04T00:00:00Z")
OTHER = Story("c", 1, "PORT - " + " ".join(f"word{n}" for n in range(90)) + ", police said.", published="2026-03-05T00:00:00Z")
MAYOR, POLICE, MINISTRY = (
    ("the mayor", "said", "Bread is dear"),
    ("police", "said", "It rained"),
    ("The ministry", "denied", "it had known of cracks"),
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("ONRECORD_DATA", str(tmp_path))
    monkeypatch.setenv("ONRECORD_STORE_URL", "")
    store = Store(f"sqlite:///{tmp_path / 'onrecord.db'}")
    store.add_stories([FIRST, SECOND, OTHER], AT)
    store.link()
    for story, said in ((FIRST, (MAYOR, POLICE, MINISTRY)), (SECOND, (MAYOR, POLICE, MINISTRY)), (OTHER, ())):
        store.add_claims(story, [claim(story, *words) for words in said])
    yield store
    store.engine.dispose()


def claim(story: Story, *words: str) -> Claim:
    parts = []
    for part in words:
        at = story.text.index(part, story.text.index(words[0])) if part == words[1] else story.text.index(part)
        parts.append((cut(story.text, at, at + len(part)),))
    (key,) = claim_keys(story.guid, [(parts[0], parts[1], parts[2])])
    return Claim(
        key, story.guid, story.version, True, parts[2], parts[1], parts[0], None, "indirect", "unnamed", None, None, None, 0.9, "model:a"
    )


def review(number: int, of: Claim, story: Story = FIRST, **fields: Any) -> Review:
    shown = passage(story, of)
    values = {"claims": (of,), "choices": {"stance": "neutral"}, "problems": (), "note": "", "seconds": 3.0, "skipped": False}
    values |= {"passage": (shown.start, shown.end), "whole": True} | fields
    return Review(number, of.key, story.version, "a", AT, **values)


def rows(folder: Path, config: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return [row | {"split": f.stem} for f in sorted((folder / config).glob("*.parquet")) for row in pq.read_table(f).to_pylist()]


def claims(folder: Path) -> list[tuple[str, str, str | None]]:
    return [(r["story_id"], " ".join(s["text"] for s in r["source"]), r["fanned_out_from"]) for r in rows(folder, "claims")]


def test_one_decision_is_exported_for_both_stories_marked_and_in_one_split(store: Store, tmp_path: Path):
    store.add_reviews([review(1, claim(FIRST, *MAYOR))], {})
    export_reviews(tmp_path / "out", now=NOW)
    found = rows(tmp_path / "out", "claims")
    assert claims(tmp_path / "out") == [("a", "the mayor", None), ("b", "the mayor", "a")]
    assert [(r["split"], r["stance"], r["annotation_id"]) for r in found] == [("train", found[0]["stance"], 1)] * 2
    for row, story in zip(found, (FIRST, SECOND), strict=True):
        assert row["text"] == story.text
        assert all(story.text[s["start"] : s["end"]] == s["text"] for part in ("source", "cue", "content") for s in row[part])
        assert row["model_source"] == row["source"]
    assert found[0]["key"] != found[1]["key"]
    assert "Of the claims 1 were reviewed in a near-duplicate" in (tmp_path / "out" / "README.md").read_text()
    # the police's and the ministry's word wait for a review: no passage of either story is whole
    assert rows(tmp_path / "out", "attribution") == []
    store.add_reviews([review(2, claim(FIRST, *POLICE))], {})
    export_reviews(tmp_path / "more", now=NOW)
    whole = rows(tmp_path / "more", "attribution")
    assert [(r["story_id"], len(r["relations"]), r["text"].partition(" (")[0]) for r in whole] == [("a", 2, "LASTRA, March 3")]
    store.add_reviews([review(3, claim(FIRST, *MINISTRY))], {})
    export_reviews(tmp_path / "most", now=NOW)
    whole = rows(tmp_path / "most", "attribution")
    assert [(r["story_id"], len(r["relations"])) for r in whole] == [("a", 2), ("a", 1), ("b", 1)]  # b's lead has another dateline
    # and from the first manifest the first again, to the byte
    export_reviews(tmp_path / "again", tmp_path / "out")
    assert [r["fanned_out_from"] for r in rows(tmp_path / "again", "claims")] == [None, "a"]
    assert (tmp_path / "again/manifest.json").read_bytes() == (tmp_path / "out/manifest.json").read_bytes()


REVIEWS = [
    # what was decided on a's claim, what comes of it in b
    ("no claim at all", {"claims": (), "problems": ("not a claim",)}, [("a", "", None), ("b", "", "a")]),
    ("skipped", {"skipped": True}, [("a", "the mayor", None)]),
    ("with words that b has not", {"claims": (replace(claim(FIRST, *MAYOR), source=(cut(FIRST.text, 0, 6),)),)}, [("a", "LASTRA", None)]),
]


@pytest.mark.parametrize(("decided", "expected"), [case[1:] for case in REVIEWS], ids=[case[0] for case in REVIEWS])
@pytest.mark.slow
def test_what_fans_out(decided: dict[str, Any], expected: list[tuple[str, str, str | None]], store: Store, tmp_path: Path):
    store.add_reviews([review(1, claim(FIRST, *MAYOR), **decided)], {})
    export_reviews(tmp_path / "out", now=NOW)
    assert claims(tmp_path / "out") == expected


def test_a_storys_own_review_counts_and_nothing_fans_out_to_what_is_gone(store: Store, tmp_path: Path):
    store.add_reviews([review(1, claim(FIRST, *MAYOR)), review(2, claim(FIRST, *POLICE))], {})
    newer = replace(SECOND, version=2, text=SECOND.text.replace("It rained, police", "It poured, police"))
    store.add_story(newer, AT)
    store.link()
    store.add_claims(newer, [claim(newer, *MAYOR)])
    export_reviews(tmp_path / "out", now=NOW)
    own = [("a", "the mayor", None), ("a", "police", None)]
    assert sorted(claims(tmp_path / "out"), key=lambda row: (row[0], row[1][0] == "p")) == [*own, ("b", "the mayor", "a")]
    assert [name for name in read_manifest(tmp_path / "out").reviews if " in " in name] == ["1 in b v2"]
    store.add_story(replace(FIRST, version=2, text="", status=Status.CANCELLED), AT)
    store.add_claims(newer, [claim(newer, *MAYOR)])
    store.add_reviews([review(3, claim(newer, *MAYOR), newer)], {})
    export_reviews(tmp_path / "killed", now=NOW)
    assert claims(tmp_path / "killed") == [("b", "the mayor", None)]


def test_a_story_keeps_its_split_and_what_is_in_another_gets_nothing(store: Store, tmp_path: Path):
    store.keep_splits({"a": "train", "b": "test"})
    store.add_reviews([review(1, claim(FIRST, *MAYOR))], {})
    export_reviews(tmp_path / "out", now=NOW)
    assert claims(tmp_path / "out") == [("a", "the mayor", None)]
    assert read_manifest(tmp_path / "out").left_out == {"b": "near to a, which is in train"}


def test_a_cluster_is_in_one_split_though_its_ends_are_not_alike():
    first, other = (
        Story(f"s{at}", 1, " ".join(f"word{n}" for n in range(at, at + 100)), published="2026-03-10T00:00:00Z") for at in (0, 85)
    )
    for days in range(1, 15):  # whatever day the last is of, and so whatever is drawn for it
        last = replace(other, published=f"2026-04-{days:02d}T00:00:00Z")
        splits = split_stories([first, last], {}, {"s0": "s0", "s85": "s0"})
        assert splits.of["s85"] == splits.of["s0"]


def test_hidden_gold_is_not_trained_on_in_a_near_duplicate_either(store: Store, tmp_path: Path):
    store.add_reviews([review(1, claim(FIRST, *MAYOR))], {})
    store.add_gold([("asked-again", claim(FIRST, *MAYOR).key)])
    export_reviews(tmp_path / "out", now=NOW)
    assert sorted(read_manifest(tmp_path / "out").left_out) == ["a", "b"]
    assert rows(tmp_path / "out", "claims") == []


def test_several_exports_and_formats_are_the_same(store: Store, tmp_path: Path):
    from exports.formats.documents import documents

    store.add_reviews([review(1, claim(FIRST, *MAYOR)), review(2, claim(FIRST, *MAYOR), choices={"stance": "government"})], {})
    for name in ("one", "two"):
        export_reviews(tmp_path / name, now=NOW)
    assert (tmp_path / "one/claims/train.parquet").read_bytes() == (tmp_path / "two/claims/train.parquet").read_bytes()
    assert [(d.id, len(d.relations)) for d in documents(tmp_path / "one")] == [("a", 1), ("b", 1)]
    assert [r["agreeing"] for r in rows(tmp_path / "one", "claims")] == [1] * 4  # of two who differ
    table = [line for line in (tmp_path / "one/README.md").read_text().splitlines() if line.startswith("| stance |") and "alpha" in line]
    assert all(line.split(" | ")[2] == "1" for line in table)  # the claim counts once


def test_another_model_opens_no_second_task_for_the_same_words(store: Store):
    found = [replace(claim(SECOND, *words), by="model:b") for words in (MAYOR, POLICE)]
    assert store.adopt(SECOND, found, (), "model:b") == (0, 0)
    new = replace(claim(SECOND, "a spokesman", "told", "It would look into the matter"), by="model:b")
    assert store.adopt(SECOND, [*found, new], (), "model:b") == (0, 1)
