"""A disagreement from Label Studio to the dataset: listed, settled there, pulled, and exported as gold that training reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from annotators.exported_claims import read_reviewed, to_passages
from exports.adjudication import Judge, Rule
from exports.claims_table import Settled
from exports.dataset import write_dataset
from exports.manifest import Manifest, read_manifest
from flows.cli import app
from flows.exporting import export_reviews
from flows.pulling import pull
from schemas.claim import Choice, Claim
from schemas.errors import BadInput
from schemas.labels import CHOICES
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story
from tests.desk import Desk, picked

TEXT = "Police said it rained."
STORY = Story("g", 1, TEXT)
SOURCE, CUE, CONTENT = ((cut(TEXT, a, b),) for a, b in ((0, 6), (7, 11), (12, 21)))
CLAIM = Claim("k", "g", 1, True, CONTENT, CUE, SOURCE, None, "indirect", "unnamed", Choice("government", 0.9), None, None, 0.9, "model:x")


def review(number: int, by: str, claim: Claim = CLAIM, **choices: str) -> Review:
    return Review(number, "k", 1, by, f"2026-03-04T01:00:0{number}Z", (claim,), choices, (), "", 1.0, False, passage=(0, 22), whole=True)


SHORT = replace(CLAIM, content=(cut(TEXT, 15, 21),))
THREE = (review(1, "boss", SHORT, stance="neutral"), review(2, "ann", stance="opposition"), review(3, "bob", stance="opposition"))
CASES = [
    # what it is, who said what, by which rule, the stance that counts, the content's words that count
    ("one person", THREE[:1], Rule.MAJORITY, "neutral", "rained"),
    ("two who differ", THREE[:2], Rule.MAJORITY, None, "it rained"),
    ("a third word", THREE, Rule.MAJORITY, "opposition", "it rained"),
    ("an expert against two, and before them", THREE, Rule.EXPERT, "neutral", "rained"),
    ("an expert who skipped it", (replace(THREE[0], skipped=True), *THREE[1:]), Rule.EXPERT, "opposition", "it rained"),
]


@pytest.mark.parametrize(("reviews", "rule", "stance", "content"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_counts(reviews: tuple[Review, ...], rule: Rule, stance: str | None, content: str, tmp_path: Path) -> None:
    judge = Judge((), rule, ["boss"] if rule is Rule.EXPERT else [])
    manifest = Manifest("2026-03-08T00:00:00+00:00", "1", "g", rule=rule, splits={"g": "train"})
    count = write_dataset([(STORY, CLAIM, r) for r in reviews], tmp_path / "out", manifest, judge=judge)
    assert dict(count.disputes) == ({} if stance else {"stance": 1})
    names = [str(label) for label in CHOICES["stance"]]
    rows = table(tmp_path / "out")
    assert {None if row["settled_stance"] is None else names[row["settled_stance"]] for row in rows} == {stance}
    assert {row["settled_naming"] for row in rows} == {1}  # nobody picked one: it is the spans' own
    assert [row["content"][0]["text"] for row in rows if row["counts"]] == [content]
    (passage,) = pq.read_table(tmp_path / "out" / "attribution" / "train.parquet").to_pylist()
    assert passage["relations"][0]["content"][0]["text"] == content
    if len(reviews) > 1 and stance is None:
        assert "Of 1 claims that several people reviewed, stance is disputed on 1." in (tmp_path / "out" / "README.md").read_text()
    else:
        (story,) = read_reviewed(tmp_path / "out", "train")
        assert story.gold.labels[0]["stance"] == stance


def test_what_was_last_ticked_as_no_claim_teaches_no_judge(tmp_path: Path) -> None:
    no, bare = replace(review(4, "ann", stance="opposition"), problems=("not a claim",)), replace(review(5, "ann"), choices={})
    cases = [
        # what is exported, the stories that are read, those that the judge learns from
        ([THREE[0]], 1, 1),
        ([THREE[0], no], 0, 0),
        ([bare], 1, 0),  # its naming is known, and nothing of what the judge says
    ]
    for number, (reviews, read, learned) in enumerate(cases):
        out = tmp_path / str(number)
        write_dataset([(STORY, CLAIM, r) for r in reviews], out, Manifest("2026-03-08", "1", "g", splits={"g": "train"}))
        stories = read_reviewed(out, "train")
        assert (len(stories), len(to_passages(stories))) == (read, learned)


def table(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / "claims").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_a_task_without_choices_is_settled_as_such() -> None:
    task = Settled.by(Judge(()), [review(1, "ann")])
    assert (task.labels, task.disputes, task.counting.by) == ({}, [], "ann")


@pytest.mark.studio
def test_from_two_who_differ_to_gold(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONRECORD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ONRECORD_STORE_URL", str(desk.store.engine.url))
    (key,) = desk.take_in(0)
    desk.push()
    desk.studio.ensure_people({"bo@desk.org", "expert@desk.org"})
    people = {row["email"]: row["id"] for row in desk.http.get("/api/users/").json()}

    def says(stance: str, who: str = "") -> None:
        made = desk.review(key, picked("stance", stance))
        if who:
            desk.http.patch(f"/api/annotations/{made['id']}/", json={"completed_by": people[who]}).raise_for_status()

    says("government")
    says("opposition", "bo@desk.org")
    pull(desk.store, desk.studio)
    app(["report", "disputes"], standalone_mode=False)
    (dispute,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (dispute["element"], sorted(dispute["said"].values())) == ("stance", ["government", "opposition"])
    assert dispute["task"] == desk.tasks()[key]["id"]  # where to settle it
    export_reviews(tmp_path / "before")
    assert {row["settled_stance"] for row in table(tmp_path / "before")} == {None}

    says("neutral", "expert@desk.org")
    pull(desk.store, desk.studio)
    app(["report", "disputes", "--rule", "expert", "--expert", "expert@desk.org"], standalone_mode=False)
    assert "{" not in capsys.readouterr().out
    export_reviews(tmp_path / "after", experts=["expert@desk.org"])
    (split,) = set(read_manifest(tmp_path / "after").splits.values())
    (story,) = read_reviewed(tmp_path / "after", split)
    assert story.gold.labels[0]["stance"] == "neutral"
    assert len(table(tmp_path / "after")) == 3  # nobody's own word is lost

    says("government", "bo@desk.org")  # whatever comes later, the manifest's expert counts, and its reviews alone
    pull(desk.store, desk.studio)
    export_reviews(tmp_path / "again", tmp_path / "after" / "manifest.json")
    same = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in (tmp_path / "after", tmp_path / "again")]
    assert same[0] == same[1]
    with pytest.raises(BadInput, match="says by which rule people's words become one: leave --rule and --expert out"):
        export_reviews(tmp_path / "no", tmp_path / "after" / "manifest.json", rule=Rule.MAJORITY)
