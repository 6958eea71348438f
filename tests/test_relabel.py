"""Another label set: decisions are carried over, and a change that would strand them is refused."""

from __future__ import annotations

from typing import Any

import pytest

import flows.relabel
from flows.pulling import pull
from flows.relabel import GROUPS, relabel
from schemas.claim import Choice
from schemas.errors import BadInput
from schemas.guideline import project_settings
from schemas.labels import Step
from tests.desk import Desk, picked, quiet

pytestmark = pytest.mark.studio


NEXT = Step(2, {"stance": {"government": "official", "neutral": "none"}, "problem": {"bad split": "split"}})
"""Two labels get other names, one problem too."""
AFTER = GROUPS | {"stance": frozenset({"official", "opposition", "none"}), "problem": frozenset({"not a claim", "split", "missed one"})}


def test_decisions_are_carried_over_to_the_next_label_set(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed, unseen, fresh = desk.take_in(0, 1, 2)
    desk.push()
    made = desk.review(agreed, picked("problem", "bad split"))
    pull(desk.store, desk.studio)
    desk.review(fresh)  # not pulled yet
    # the config of version 2, as it would be made from its label set
    after = project_settings()["config"].replace('value="government" hotkey="g"', 'value="official" hotkey="g"')
    after = after.replace('value="neutral" hotkey="n"', 'value="none" hotkey="n"').replace('value="bad split"', 'value="split"')
    monkeypatch.setattr(flows.relabel, "project_settings", lambda: {"config": after})
    monkeypatch.setattr(flows.relabel, "labeling_config", lambda also: both(after, also))
    for _ in range(2):  # the second time nothing is left to do
        done = relabel(desk.store, desk.studio, steps=[NEXT], version=2, groups=AFTER, say=quiet)
        desk.store.mark("label set", "1" if done.annotations else "2")
    assert (done.annotations, done.reviews, done.claims) == (0, 0, 0)
    there = {task["data"]["key"]: task for task in desk.studio.whole_tasks(desk.project)}
    assert desk.http.get(f"/api/projects/{desk.project}/").json()["label_config"] == after.strip()
    assert {r["from_name"]: r["value"]["choices"] for r in there[agreed]["annotations"][0]["result"] if r["type"] == "choices"} == {
        "stance": ["official"],
        "role": ["government"],
        "modality": ["asserts"],
        "naming": ["unnamed"],
        "problem": ["split"],
    }
    assert [r["value"]["choices"] for r in there[unseen]["predictions"][0]["result"] if r.get("from_name") == "stance"] == [["official"]]
    assert made["id"] == there[agreed]["annotations"][0]["id"]
    reviewed = {r.key: r for r in desk.store.all_reviews()}
    assert set(reviewed) == {agreed, fresh}
    assert (reviewed[agreed].choices["stance"], reviewed[agreed].choices["role"]) == ("official", "government")
    assert reviewed[agreed].problems == ("split",)
    assert reviewed[agreed].claims[0].stance == Choice("official", 1.0)
    assert {e.claim.stance.label for e in desk.store.entries() if e.claim.stance} == {"official"}


def both(config: str, also: Any) -> str:
    """A config with older labels beside its own."""
    for name, old in also.items():
        start = config.index(">", config.index(f'<Choices name="{name}" ')) + 1
        config = config[:start] + "".join(f'<Choice value="{label}"/>' for label in old) + config[start:]
    return config


# a step too few; what somebody decided; what the model said of a task that nobody has seen
STRANDED = [
    ({"stance": {"neutral": "none"}}, True, "1 decisions say stance 'government', 1 pre-labels say stance 'government'"),
    ({"stance": {"neutral": "none"}}, False, "1 pre-labels say stance 'government'"),
]


@pytest.mark.parametrize(("renamed", "decided", "said"), STRANDED)
def test_a_change_that_would_strand_labels_is_refused(desk: Desk, renamed: dict, decided: bool, said: str) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    if decided:
        desk.review(key)
    before = desk.tasks()[key]
    config = desk.http.get(f"/api/projects/{desk.project}/").json()["label_config"]
    with pytest.raises(BadInput, match=rf"would leave labels without a place: {said}\. Say in STEPS"):
        relabel(desk.store, desk.studio, steps=[Step(2, renamed)], version=2, groups=AFTER, say=quiet)
    after = desk.tasks()[key]
    assert (after["annotations"], after["predictions"]) == (before["annotations"], before["predictions"])
    assert desk.http.get(f"/api/projects/{desk.project}/").json()["label_config"] == config


def test_a_version_without_a_step_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match=r"version 3 and no Step leads there from 1: STEPS \(schemas/labels.py\) lacks 2"):
        relabel(desk.store, desk.studio, steps=[Step(3, {})], version=3, groups=AFTER, say=quiet)


def test_a_night_waits_for_a_change_of_the_label_set(desk: Desk) -> None:
    desk.take_in(0)
    desk.push()
    desk.store.mark("label set", "7")
    with pytest.raises(BadInput, match="in label set 7, this is 1; run `onrecord relabel` first"):
        desk.push()
