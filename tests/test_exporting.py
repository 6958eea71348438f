"""`onrecord export` on a store: made again from its manifest to the byte, without what was killed since; hidden gold is not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exports.manifest import read_manifest
from flows.exporting import _progress, export_reviews
from flows.store import Store
from schemas.claim import Claim, claim_keys
from schemas.errors import BadInput
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Status, Story

NOW = datetime(2026, 3, 8, tzinfo=UTC)
SAYINGS = ("it rained on the hill all day", "prices would fall by a fifth", "nobody had been hurt in it", "the talks broke down at noon")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("ONRECORD_DATA", str(tmp_path))
    monkeypatch.setenv("ONRECORD_STORE_URL", "")
    store = Store(f"sqlite:///{tmp_path / 'onrecord.db'}")
    for number, saying in enumerate(SAYINGS, 1):
        add(store, number, saying)
    yield store
    store.engine.dispose()


def add(store: Store, number: int, saying: str, **fields: Any) -> Claim:
    """A story of one claim, reviewed by one person."""
    values = {"published": f"2026-03-0{number}T00:00:00Z"} | fields
    story = Story(f"g{number}", 1, f"Police said {saying}.", **values)
    source, cue, content = ((cut(story.text, a, b),) for a, b in ((0, 6), (7, 11), (12, len(story.text) - 1)))
    (key,) = claim_keys(story.guid, [(source, cue, content)])
    claim = Claim(key, story.guid, 1, True, content, cue, source, "Police", "indirect", "unnamed", None, None, None, 0.9, "model:1")
    store.add_story(story, "2026-03-08T00:00:00+00:00")
    store.add_claims(story, (claim,))
    store.add_reviews([review(claim, number)], {})
    return claim


def review(claim: Claim, number: int, by: str = "a", stance: str = "neutral") -> Review:
    passage = 0, claim.content[0].end + 1
    return Review(
        number, claim.key, 1, by, "2026-03-07T00:00:00Z", (claim,), {"stance": stance}, (), "", 9.0, False, passage=passage, whole=True
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_manifest_makes_the_same_bytes_whatever_came_since(store: Store, tmp_path: Path) -> None:
    export_reviews(tmp_path / "first", now=NOW)
    add(store, 5, "a new bridge opened in the capital")
    export_reviews(tmp_path / "later", now=NOW)
    export_reviews(tmp_path / "again", tmp_path / "first")
    assert files(tmp_path / "again") == files(tmp_path / "first") != files(tmp_path / "later")
    assert not list(tmp_path.glob("*.part"))
    first, later = (read_manifest(tmp_path / name).splits for name in ("first", "later"))
    assert later.items() >= first.items()


def test_what_was_killed_or_changed_since_is_left_out_and_said(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export_reviews(tmp_path / "first", now=NOW)
    store.add_story(Story("g2", 2, "", status=Status.CANCELLED, note="libel"), "2026-03-09T00:00:00+00:00")
    changed = next(r for _, _, r in store.reviewed() if r.annotation_id == 3)
    store.add_reviews([review(changed.claims[0], 3, stance="opposition")], {})
    export_reviews(tmp_path / "again", tmp_path / "first" / "manifest.json")
    assert sorted(read_manifest(tmp_path / "again").reviews) == ["1", "4"]
    said = capsys.readouterr().err
    assert "annotation 2 is in the store no more: deleted, or its story was killed" in " ".join(said.split())
    assert "annotation 3 was changed since by a" in " ".join(said.split())


def test_hidden_gold_is_not_trained_on(store: Store, tmp_path: Path) -> None:
    export_reviews(tmp_path / "first", now=NOW)
    trained = [guid for guid, split in read_manifest(tmp_path / "first").splits.items() if split == "train"]
    gold = next(c for s, c, _ in store.reviewed() if s.guid == trained[0])
    store.add_gold([("asked-again", gold.key)])
    export_reviews(tmp_path / "second", now=NOW)
    manifest = read_manifest(tmp_path / "second")
    assert manifest.left_out == {trained[0]: "holds hidden gold, which is never trained on"}
    assert trained[0] not in manifest.splits


BAD = [
    # what is given in the place of a manifest, what is said
    ("nothing", None, "No such file or directory; give a manifest.json"),
    ("no JSON", "{", "is no manifest of an export"),
    ("another's", '{"format": 1, "a": 2}', "is no manifest of an export"),
    ("a later format", '{"format": 9}', "a manifest of another format"),
]


@pytest.mark.parametrize(("given", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_is_no_manifest_is_refused(given: str | None, says: str, store: Store, tmp_path: Path) -> None:
    if given is not None:
        (tmp_path / "m.json").write_text(given)
    with pytest.raises(BadInput, match=says):
        export_reviews(tmp_path / "out", tmp_path / "m.json")
    assert not (tmp_path / "out").exists()


def test_an_export_cut_off_leaves_the_old_one(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_reviews(tmp_path / "out", now=NOW)
    before = files(tmp_path / "out")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flows.exporting.write_dataset", full)
    with pytest.raises(OSError, match="No space left"):
        export_reviews(tmp_path / "out", now=NOW)
    assert files(tmp_path / "out") == before
    assert not list(tmp_path.glob("out.*"))


def test_progress_tells_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((0.0, 10.0, 100.0))
    say = _progress(8000, lambda: next(times))
    say(2000)
    say(4000)
    assert capsys.readouterr().err.splitlines() == [
        "2,000 of 8,000 reviews written, 30 s left",
        "4,000 of 8,000 reviews written, 2 min left",
    ]
