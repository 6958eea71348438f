"""The store and Label Studio compared and mended, on the real server: a lost one is filled again, people's decisions included."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import flows.relabel
from benchmarks.desk_faults import story_and_claim
from flows.plan import Budget, Plan
from flows.pulling import pull
from flows.pushing import Sent, _push_some, push, task_of
from flows.reconciling import compare, repair
from flows.relabel import GROUPS, joined, relabel
from flows.rollout import roll_out
from flows.store import Store
from flows.studio import Studio
from flows.studio_server import RunningStudio
from schemas.claim import Choice, Claim
from schemas.errors import BadInput
from schemas.guideline import project_settings
from schemas.labels import Step
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Status, Story

pytestmark = pytest.mark.studio

Json = dict[str, Any]
NOW = "2026-03-01T00:00:00+00:00"
PLAN = Plan()


def quiet(_: object) -> None:
    """Says nothing."""


@dataclass
class Desk:
    """A store, a project of its own, and somebody who reviews."""

    store: Store
    studio: Studio
    http: httpx.Client
    name: str

    def take_in(self, *numbers: int, by: str = "model:1") -> list[str]:
        """Stories with a claim each; the keys of their tasks."""
        keys = []
        for number in numbers:
            story, claim = story_and_claim(self.name, number)
            self.store.add_story(story, NOW)
            self.store.add_claims(story, [replace(claim, by=by)])
            keys.append(claim.key)
        return keys

    def push(self, plan: Plan = PLAN) -> Any:
        return push(self.store, self.studio, plan, say=quiet)

    @property
    def project(self) -> int:
        project = self.studio.find_project(self.studio.title)
        assert project is not None
        return project

    def tasks(self) -> dict[str, Json]:
        """The only task of each key, whole."""
        found: dict[str, Json] = {}
        for task in self.studio.whole_tasks(self.project):
            assert found.setdefault(task["data"].get("key", str(task["id"])), task) is task
        return found

    def review(self, key: str, *more: Json, **fields: Any) -> Json:
        """Agrees with the pre-label, with something more."""
        task = self.tasks()[key]
        body = {"result": [*task["predictions"][0]["result"], *more], "lead_time": 8.0, **fields}
        return (
            self.http.post(f"/api/tasks/{task['id']}/annotations/", params={"project": self.project}, json=body).raise_for_status().json()
        )

    def differences(self, restore: bool = False) -> dict[str, tuple[str, ...]]:
        found = compare(self.store, self.studio, PLAN, restore=restore)
        return {name: difference.keys for name, difference in found.differences.items()}

    def mend(self, restore: bool = False) -> Any:
        found = compare(self.store, self.studio, PLAN, restore=restore)
        return repair(self.store, self.studio, PLAN, found, restore=restore, say=quiet)


@pytest.fixture
def desk(studio: RunningStudio, tmp_path: Path) -> Iterator[Desk]:
    name = f"desk {uuid.uuid4().hex[:8]}"
    headers = {"Authorization": f"Token {studio.token}"}
    with (
        Studio(studio.url, studio.token, title=name) as client,
        httpx.Client(base_url=studio.url, headers=headers, trust_env=False, timeout=60) as http,
    ):
        yield Desk(Store(f"sqlite:///{tmp_path / 'store.db'}"), client, http, name)


def picked(name: str, label: str) -> Json:
    return {"id": uuid.uuid4().hex[:8], "from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [label]}}


def said(review: Review) -> Json:
    """What a review says, without what a new server gives anew."""
    return replace(review, annotation_id=0, updated="").to_dict()


def test_a_lost_server_is_filled_again_decisions_included(desk: Desk) -> None:
    agreed, skipped, open_, by_another = desk.take_in(0, 1, 2, 3)
    desk.push()
    desk.review(agreed, picked("reliability", "B"), picked("problem", "bad split"))
    desk.review(skipped, was_cancelled=True)
    desk.studio.ensure_people({"ann@desk.org"})
    theirs = desk.review(by_another)
    people = {row["email"]: row["id"] for row in desk.http.get("/api/users/").json()}
    desk.http.patch(f"/api/annotations/{theirs['id']}/", json={"completed_by": people["ann@desk.org"]}).raise_for_status()
    pull(desk.store, desk.studio)
    before = desk.store.all_reviews()
    assert [r.by for r in before if r.key == by_another] == ["ann@desk.org"]
    assert desk.differences() == {}

    desk.http.delete(f"/api/projects/{desk.project}/").raise_for_status()
    assert desk.differences() == {"lost": tuple(sorted([agreed, skipped, open_, by_another]))}
    desk.take_in(4)
    with pytest.raises(BadInput, match="see `onrecord reconcile`"):  # a night does not half fill another project
        desk.push()
    sent = desk.mend()
    assert (sent.pushed, sent.failures) == (5, [])
    assert desk.differences() == {}
    there = desk.tasks()
    assert {key: len(task["annotations"]) for key, task in there.items() if task["annotations"]} == {agreed: 1, skipped: 1, by_another: 1}
    assert not there[open_]["annotations"]
    assert [said(r) for r in desk.store.all_reviews()] == [said(r) for r in before]
    assert pull(desk.store, desk.studio).reviews == 0
    assert [r.updated for r in desk.store.all_reviews()] == [r.updated for r in before]


def test_a_filling_that_was_killed_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    desk.review(key)
    pull(desk.store, desk.studio)
    before = [said(r) for r in desk.store.all_reviews()]
    desk.http.delete(f"/api/projects/{desk.project}/").raise_for_status()
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "house", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.mend()
    pull(desk.store, desk.studio)  # takes the annotation for a new one until the push goes on
    desk.push()
    assert desk.differences() == {}
    assert [said(r) for r in desk.store.all_reviews()] == before
    assert len(desk.tasks()[key]["annotations"]) == 1


@pytest.mark.parametrize("restore", [False, True])
def test_what_a_person_deleted_stays_deleted_unless_it_is_asked_back(desk: Desk, restore: bool) -> None:
    kept, deleted = desk.take_in(0, 1)
    desk.push()
    desk.review(deleted)
    pull(desk.store, desk.studio)
    desk.http.delete(f"/api/tasks/{desk.tasks()[deleted]['id']}/").raise_for_status()
    assert desk.differences() == {"deleted": (deleted,)}
    desk.mend(restore)
    assert desk.differences() == {}
    assert set(desk.tasks()) == ({kept, deleted} if restore else {kept})
    assert [r.key for r in desk.store.all_reviews()] == [deleted]  # the decision stands in any case
    if restore:
        assert len(desk.tasks()[deleted]["annotations"]) == 1


def test_differences_of_every_kind(desk: Desk) -> None:
    plain, doubled, bare, stale, unread, killed, worked = desk.take_in(*range(7))
    desk.push()
    there = desk.tasks()
    strange = {"data": there[plain]["data"] | {"key": "somebody's"}}
    spare = {"data": there[doubled]["data"], "predictions": [{"result": [], "model_version": "onrecord"}]}
    desk.http.post(f"/api/projects/{desk.project}/import", json=[spare, strange]).raise_for_status()
    desk.http.delete(f"/api/predictions/{there[bare]['predictions'][0]['id']}/").raise_for_status()
    changed = there[stale]["data"] | {"headline": "Another"}
    desk.http.patch(f"/api/tasks/{there[stale]['id']}/", json={"data": changed}).raise_for_status()
    moved = there[worked]["data"] | {"version": 0}
    desk.http.patch(f"/api/tasks/{there[worked]['id']}/", json={"data": moved}).raise_for_status()
    for key, task in there.items():
        if key in (unread, worked):
            body = {"result": task["predictions"][0]["result"], "lead_time": 8.0}
            desk.http.post(f"/api/tasks/{task['id']}/annotations/", params={"project": desk.project}, json=body).raise_for_status()
    story, _ = story_and_claim(desk.name, 5)
    desk.store.add_story(replace(story, version=2, status=Status.CANCELLED), NOW)

    assert desk.differences() == {
        "doubled": (doubled,),
        "leftover": (killed,),
        "bare": (bare,),
        "stale": tuple(sorted([stale, worked])),
        "strange": ("somebody's",),
        "unread": tuple(k for k in there if k in (unread, worked)),
    }
    desk.mend()
    left = desk.differences()
    assert left == {"strange": ("somebody's",), "stale": (worked,)}  # what is nobody's, and what a person's word stands on
    assert [(key, cause) for key, cause, _ in desk.store.conflicts()] == [(worked, "version 1")]
    there = desk.tasks()
    assert set(there) == {plain, doubled, bare, stale, unread, worked, "somebody's"}
    assert there[stale]["data"]["headline"] == "Minister speaks"
    assert [p["model_version"] for p in there[bare]["predictions"]] == ["onrecord"]
    assert there[bare]["predictions"][0]["result"]


def test_an_id_that_was_given_again_hides_nothing(desk: Desk) -> None:
    """SQLite gives the id of the newest task, deleted, to the next one; and that came by an import of which nobody heard."""
    (first,) = desk.take_in(0)
    desk.push()
    number = desk.tasks()[first]["id"]
    desk.http.delete(f"/api/tasks/{number}/").raise_for_status()
    (second,) = desk.take_in(1)
    (entry,) = desk.store.entries([second])
    desk.store.hand([second])  # as a push does before it imports; it was killed then
    desk.http.post(f"/api/projects/{desk.project}/import", json=[task_of(entry, 0.5)]).raise_for_status()
    assert desk.tasks()[second]["id"] == number
    assert desk.push().pushed == 0
    assert {key: task["id"] for key, task in desk.tasks().items()} == {second: number}
    assert desk.store.handed() == []


def test_a_double_under_an_id_that_was_given_again_is_seen(desk: Desk) -> None:
    """Two runs put a task in; the first fails before it can take note, and its task has the id of one that somebody deleted."""
    (first,) = desk.take_in(0)
    desk.push()
    desk.http.delete(f"/api/tasks/{desk.tasks()[first]['id']}/").raise_for_status()
    (second,) = desk.take_in(1)
    (entry,) = desk.store.entries([second])
    desk.store.hand([second])
    desk.http.post(f"/api/projects/{desk.project}/import", json=[task_of(entry, 0.5)]).raise_for_status()
    _push_some(desk.store, desk.studio, desk.project, PLAN, [second], Sent(), quiet)  # the other, which had looked before
    assert desk.studio.count(desk.project) == 2
    desk.push()
    assert set(desk.tasks()) == {second}  # each once
    desk.push()
    assert desk.store.handed() == []


def test_a_double_beside_an_id_that_was_given_again_is_seen(desk: Desk) -> None:
    """Two runs put a task in, one under the id of a task that somebody deleted, and the other's id is the one that is kept."""
    (first,) = desk.take_in(0)
    desk.push()
    desk.http.delete(f"/api/tasks/{desk.tasks()[first]['id']}/").raise_for_status()
    (second,) = desk.take_in(1)
    for _ in range(2):  # both had looked before
        desk.store.put_back([second])
        _push_some(desk.store, desk.studio, desk.project, PLAN, [second], Sent(), quiet)
    assert desk.studio.count(desk.project) == 2
    desk.push()
    assert set(desk.tasks()) == {second}  # each once


def test_a_missed_claim_that_cannot_be_read_is_said_and_the_rest_is_taken(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    lines = ["pupils | said | nothing", "the minister | said | prices rose"]
    desk.review(key, {"id": "m", "from_name": "missed", "to_name": "text", "type": "textarea", "value": {"text": lines}})
    for reviews in (1, 0):  # said until somebody corrects it
        pulled = pull(desk.store, desk.studio)
        assert pulled.reviews == reviews
        (fault,) = pulled.faults
        assert "the missed claim 'pupils | said | nothing': 'pupils' does not stand in the passage" in fault
    (review,) = desk.store.all_reviews()
    assert [claim.quoted for claim in review.claims] == ["prices rose 0 times", "prices rose"]
    desk.http.delete(f"/api/projects/{desk.project}/").raise_for_status()
    desk.mend()
    assert [said(r) for r in desk.store.all_reviews()] == [said(review)]
    (fault,) = pull(desk.store, desk.studio, whole=True).faults
    assert [said(r) for r in desk.store.all_reviews()] == [said(review)]


# Another model


def reader(*changes: tuple[Story, list[Claim]]) -> Any:
    """A model that finds these claims in these stories."""
    found = {story.guid: (story, claims) for story, claims in changes}
    return lambda stories: [found[story.guid] for story in stories]


def test_another_model_is_shown_and_what_people_did_stands(desk: Desk) -> None:
    same, _, reviewed, drafted = desk.take_in(0, 1, 2, 3)
    desk.push()
    desk.review(reviewed)
    desk.http.post(f"/api/tasks/{desk.tasks()[drafted]['id']}/drafts", params={"project": desk.project}, json={"result": []})
    pull(desk.store, desk.studio)
    readings = []
    for number in range(4):
        story, claim = story_and_claim(desk.name, number)
        other = replace(claim, by="model:2", stance=Choice("opposition", 0.9))
        readings.append((story, [] if number in (1, 3) else [other]))
    new = replace(readings[0][1][0], key="new", modality=Choice("denies", 0.9))
    readings[0] = (readings[0][0], [readings[0][1][0], new])
    rolled = roll_out(desk.store, desk.studio, reader(*readings), "model:2", PLAN, say=quiet)
    assert (rolled.tasks, rolled.gone, rolled.new) == (4, 2, 1)
    there = desk.tasks()
    assert set(there) == {same, reviewed, drafted, "new"}  # what nobody had seen has gone, what somebody is at has not
    assert {p["model_version"] for task in there.values() for p in task["predictions"]} == {"model:2"}
    stance = [r["value"]["choices"] for r in there[same]["predictions"][0]["result"] if r.get("from_name") == "stance"]
    assert stance == [["opposition"]]
    assert len(there[reviewed]["annotations"]) == 1
    # run again, nothing changes
    again = roll_out(desk.store, desk.studio, reader(*readings), "model:2", PLAN, say=quiet)
    assert (again.tasks, again.gone, again.new, again.conflicts) == (0, 0, 0, 0)


def test_another_model_where_nothing_is_left_to_show_it_on(desk: Desk) -> None:
    """The server refuses a version that no task has a pre-label of."""
    (gone,) = desk.take_in(0)
    desk.push()
    desk.http.delete(f"/api/tasks/{desk.tasks()[gone]['id']}/").raise_for_status()
    desk.studio.roll_out(desk.project, "model:2", {}, say=quiet)
    (new,) = desk.take_in(1, by="model:3")
    desk.push()
    assert [p["model_version"] for p in desk.tasks()[new]["predictions"]] == [desk.studio.shown_version(desk.project)]


def test_a_model_that_leaves_what_a_person_decided_makes_a_conflict(desk: Desk) -> None:
    story, first = story_and_claim(desk.name, 0)
    second = replace(first, key="second", modality=Choice("denies", 0.9))
    desk.store.add_story(story, NOW)
    desk.store.add_claims(story, [first, second])
    desk.push()
    desk.review(first.key)  # agrees: government
    pull(desk.store, desk.studio)
    changed = [replace(c, by="model:2", stance=Choice("neutral", 0.9)) for c in (first, second)]
    rolled = roll_out(desk.store, desk.studio, reader((story, changed)), "model:2", PLAN, say=quiet)
    assert rolled.conflicts == 1
    ((key, cause, what),) = desk.store.conflicts()
    assert (key, cause) == (first.key, "model:2")
    assert "says government, the model now neutral (before: government)" in what
    (review,) = desk.store.all_reviews()
    assert review.choices["stance"] == "government"
    # the page says so, of this claim alone, and the annotation is as it was
    there = desk.tasks()
    notice = there[first.key]["data"]["notice"]
    assert notice.startswith("Conflict (model:2): stance: ")
    assert "the model now neutral" in notice
    assert there["second"]["data"]["notice"] == ""
    decided = [r["value"]["choices"] for r in there[first.key]["annotations"][0]["result"] if r.get("from_name") == "stance"]
    assert decided == [["government"]]
    assert desk.differences() == {}
    assert desk.studio.notify(desk.project, {first.key: notice}) == 0  # the next push has nothing to change


def test_a_conflict_tells_a_second_reviewer_nothing(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push(Plan(double=1.0))
    desk.review(key)
    pull(desk.store, desk.studio)
    desk.store.add_conflicts([(key, "model:2", "stance: ann says government")], NOW)
    desk.push()
    assert desk.tasks()[key]["data"]["notice"] == ""
    desk.review(key)
    pull(desk.store, desk.studio)
    desk.push()
    assert "ann says government" in desk.tasks()[key]["data"]["notice"]


def test_a_story_that_leaves_what_a_person_decided_makes_a_conflict(desk: Desk) -> None:
    reviewed, skipped = desk.take_in(0, 1)
    desk.push()
    desk.review(reviewed)
    desk.review(skipped, was_cancelled=True)
    for number in (0, 1):
        story, claim = story_and_claim(desk.name, number)
        text = story.text.replace("prices rose", "wages fell")
        content = cut(text, text.index("wages fell"), text.index(" on Monday"))
        changed = replace(story, version=2, text=text)
        desk.store.add_story(changed, NOW)
        desk.store.add_claims(changed, [replace(claim, key=f"new{number}", story_version=2, content=(content,))])
    pull(desk.store, desk.studio)  # only now: what was decided is known after the story changed
    assert desk.store.conflicts() == [(reviewed, "not in version 2", "the story has changed since this was decided")]
    desk.push()
    there = desk.tasks()
    assert there[reviewed]["data"]["notice"].startswith("Conflict (not in version 2): the story has changed")
    assert "is now" in there["new0"]["data"]["notice"]
    assert there[skipped]["data"]["notice"] == ""
    assert len(there[reviewed]["annotations"]) == 1


# Two people, hidden pre-labels, hidden gold


def test_two_people_review_a_share_and_neither_sees_the_other(desk: Desk) -> None:
    keys = desk.take_in(*range(6))
    desk.push(Plan(double=1.0, blind=0.5, seed=1))
    there = desk.tasks()
    hidden = [key for key in keys if len(there[key]["predictions"][0]["result"]) == 1]
    assert 0 < len(hidden) < 6
    (cue,) = there[hidden[0]]["predictions"][0]["result"]
    assert cue["value"]["labels"] == ["Cue"]
    first = desk.http.get(f"/api/projects/{desk.project}/next").json()
    desk.http.post(f"/api/tasks/{first['id']}/annotations/", params={"project": desk.project}, json={"result": []}).raise_for_status()
    assert desk.http.get(f"/api/projects/{desk.project}/next").json()["id"] != first["id"]
    assert not desk.http.get(f"/api/tasks/{first['id']}/").json()["is_labeled"]  # it waits for the second


def test_hidden_gold_asks_again_what_two_people_agreed_on(desk: Desk) -> None:
    (sure,) = desk.take_in(0)
    desk.push(Plan(double=1.0))
    one, two = desk.review(sure), desk.review(sure)
    desk.studio.ensure_people({"bo@desk.org"})
    people = {row["email"]: row["id"] for row in desk.http.get("/api/users/").json()}
    desk.http.patch(f"/api/annotations/{two['id']}/", json={"completed_by": people["bo@desk.org"]}).raise_for_status()
    assert one["id"] != two["id"]
    pull(desk.store, desk.studio)
    (new,) = desk.take_in(1)
    desk.push(Plan(gold=1.0))
    ((gold, same),) = desk.store.gold().items()
    assert same == sure
    there = desk.tasks()
    assert set(there) == {sure, new, gold}
    assert there[gold]["data"] == there[sure]["data"] | {"key": gold}
    desk.review(gold)
    pull(desk.store, desk.studio)
    assert gold not in {claim.key for _, claim, _ in desk.store.reviewed()}  # it is no new decision
    assert desk.differences() == {}
    desk.take_in(2)
    desk.push(Plan(gold=1.0))
    assert len(desk.store.gold()) == 1  # each claim is asked again once


def test_what_does_not_fit_the_budget_waits(desk: Desk) -> None:
    desk.take_in(*range(5))
    sent = desk.push(Plan(budget=Budget(tasks=3)))
    assert (sent.pushed, sent.waits) == (3, 2)
    assert sent.budget == "room for 3 more reviews at 30 s each (not measured yet)"
    assert desk.push(Plan(budget=Budget(tasks=3))).pushed == 0
    desk.review(next(iter(desk.tasks())))
    pull(desk.store, desk.studio)
    assert desk.push(Plan(budget=Budget(tasks=3))).pushed == 1


# Another label set

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


def test_a_change_that_would_strand_decisions_is_refused(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    desk.review(key)
    before = desk.tasks()[key]["annotations"]
    with pytest.raises(BadInput, match=r"strand what people decided: 1 decisions say stance 'government'\. Say in STEPS"):
        relabel(desk.store, desk.studio, steps=[Step(2, {"stance": {"neutral": "none"}})], version=2, groups=AFTER, say=quiet)
    assert desk.tasks()[key]["annotations"] == before


def test_steps_are_joined() -> None:
    steps = [Step(2, {"stance": {"a": "b", "x": "b"}}), Step(3, {"stance": {"b": "c"}, "role": {"r": "s"}})]
    assert joined(steps, 1) == {"stance": {"a": "c", "x": "c", "b": "c"}, "role": {"r": "s"}}
    assert joined(steps, 2) == {"stance": {"b": "c"}, "role": {"r": "s"}}
    assert joined(steps, 3) == {}


def test_a_night_waits_for_a_change_of_the_label_set(desk: Desk) -> None:
    desk.take_in(0)
    desk.push()
    desk.store.mark("label set", "7")
    with pytest.raises(BadInput, match="in label set 7, this is 1; run `onrecord relabel` first"):
        desk.push()
