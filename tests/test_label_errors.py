"""Likely slips: turned labels come first, what cannot be judged is said, and the desk asks another person."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from exports.label_errors import Decided, by_claim, doubts, out_of_fold
from flows.cli import app
from flows.pulling import pull
from schemas.claim import Choice, Claim, claim_keys
from schemas.errors import BadInput, MissingExtra
from schemas.spans import cut
from schemas.story import Story
from tests.desk import NOW, Desk, picked

SAID = {"government": "schools would open in spring", "opposition": "police had beaten students"}


def story_and_claim(number: int, stance: str, guid: str = "g") -> tuple[Story, Claim]:
    text = f"Report {number}.\n\nThe speaker said {SAID[stance]} in town {number}."
    story = Story(f"{guid}{number}", 1, text)
    parts = [(cut(text, text.index(w), text.index(w) + len(w)),) for w in ("The speaker", "said", f"{SAID[stance]} in town {number}")]
    source, cue, content = parts
    (key,) = claim_keys(story.guid, [(source, cue, content)])
    sure = Choice(stance, 0.8)
    return story, Claim(key, story.guid, 1, True, content, cue, source, None, "indirect", "unnamed", None, None, sure, 0.8, "model:1")


def decisions(count: int, *wrong: int, labels: tuple[str, ...] = ("government", "opposition")) -> list[Decided]:
    """Alternating stances, those with these numbers turned."""
    found = []
    for n in range(count):
        claim = story_and_claim(n, labels[n % len(labels)])[1]
        told = labels[(n + (n in wrong)) % len(labels)]
        found.append(Decided(str(n), claim, claim, {"stance": told}))
    return found


def test_turned_labels_come_first() -> None:
    found = doubts(decisions(60, 7, 22, 41))
    assert {d.key for d in found[:3]} == {"7", "22", "41"}
    assert all(d.issue and d.belief < 0.5 < d.likelihood and d.likelier != d.label for d in found[:3])
    assert found == doubts(decisions(60, 7, 22, 41))
    assert list(by_claim(found))[:3] == [d.key for d in found[:3]]


def test_no_story_is_judged_by_what_was_learned_from_it() -> None:
    import numpy as np

    rows, labels = [{f"word {n // 2}": 1.0} for n in range(40)], np.array([n // 2 % 2 for n in range(40)])
    told = out_of_fold(rows, labels, [f"story {n // 2}" for n in range(40)], seed=0)
    assert abs(told[:, 1] - 0.5).max() < 0.2  # two claims of a story share a word that no other has: it must not help


REFUSED = [
    # what it is, the decisions
    ("none", []),
    ("few", decisions(8)),
    ("one label only", [replace(d, labels={"stance": "neutral"}) for d in decisions(40)]),
    ("a class with one example", [replace(d, labels={"stance": "neutral" if n else "government"}) for n, d in enumerate(decisions(40))]),
    ("all of one story", [replace(d, claim=replace(d.claim, story_id="g")) for d in decisions(40)]),
]


@pytest.mark.parametrize("decided", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_too_little_is_said(decided: list[Decided]) -> None:
    with pytest.raises(BadInput, match=f"^{len(decided)} reviewed claims are too few to find slips in: some element needs two labels"):
        doubts(decided)


def test_a_class_with_one_example_is_left_aside() -> None:
    rare = replace(decisions(1)[0], key="rare", labels={"stance": "neutral"})
    assert "rare" not in {d.key for d in doubts([*decisions(60, 7), rare])}


def test_without_cleanlab_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(MissingExtra, match="install the extra `curate`"):
        doubts(decisions(60))


@pytest.mark.studio
def test_the_queue_reaches_the_desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("ONRECORD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ONRECORD_STORE_URL", str(desk.store.engine.url))
    monkeypatch.setattr("flows.rechecking.connect", lambda _: desk.studio)
    keys = []
    for n in range(14):
        story, claim = story_and_claim(n, ("government", "opposition")[n % 2], desk.name)
        desk.store.add_story(story, NOW)
        desk.store.add_claims(story, [claim])
        keys.append(claim.key)
    desk.push()
    for n, key in enumerate(keys):
        desk.review(key, picked("stance", ("government", "opposition")[(n + (n == 5)) % 2]))  # the sixth is a slip
    pull(desk.store, desk.studio)
    app(["report", "errors", "--ask", "1"], standalone_mode=False)
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["key"], first["task"]) == (keys[5], desk.tasks()[keys[5]]["id"])
    assert first["elements"]["stance"] | {"belief": 0, "likelihood": 0} == {
        "label": "government",
        "belief": 0,
        "likelier": "opposition",
        "likelihood": 0,
    }
    there = desk.http.get(f"/api/tasks/{first['task']}/").json()
    assert (there["overlap"], there["is_labeled"]) == (2, False)  # it waits for another person
    assert [key for key in keys if desk.http.get(f"/api/tasks/{desk.tasks()[key]['id']}/").json()["overlap"] > 1] == [keys[5]]
    desk.push()  # a push keeps it so, and asks for nothing more
    assert desk.store.doubled() == {2: [keys[5]]}
    assert desk.store.ask_again([keys[5]], 1) == {}  # it waits already
    assert desk.differences() == {}
