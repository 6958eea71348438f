"""Another model or story version on the desk: shown in one step, and where it stands against people's word, said and not overwritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.desk_faults import story_and_claim
from flows.plan import Plan
from flows.pulling import pull
from flows.reconciling import compare
from flows.rollout import roll_out
from schemas.claim import Choice, Claim
from schemas.spans import cut
from schemas.story import Story
from tests.desk import NOW, PLAN, Desk, quiet

pytestmark = pytest.mark.studio


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
    assert "Other claims found here" in there[same]["data"]["others"]  # the new one: its neighbour lists it
    assert "stale" not in compare(desk.store, desk.studio, PLAN, restore=False).differences
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


def test_a_conflict_is_settled_by_whoever_decided(desk: Desk, wait_for: Callable[..., None]) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    made = desk.review(key)
    pull(desk.store, desk.studio)
    before = datetime.fromisoformat(made["updated_at"]).isoformat(timespec="seconds")
    desk.store.add_conflicts([(key, "model:2", "stance: ann says government")], before)
    desk.push()
    assert "ann says government" in desk.tasks()[key]["data"]["notice"]
    note = {"id": "n", "from_name": "note", "to_name": "text", "type": "textarea", "value": {"text": ["it does stand"]}}
    wait_for(lambda: datetime.now(UTC).isoformat(timespec="seconds") > before)
    desk.http.patch(f"/api/annotations/{made['id']}/", json={"result": [*made["result"], note]}).raise_for_status()
    pull(desk.store, desk.studio)
    assert desk.store.conflicts() == []
    desk.push()
    assert desk.tasks()[key]["data"]["notice"] == ""
    assert desk.store.add_conflicts([(key, "model:2", "stance: ann says government")], before) == 0  # the same model again


def test_a_conflict_tells_a_second_reviewer_nothing(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push(Plan(double=1.0))
    desk.review(key)
    pull(desk.store, desk.studio)
    desk.store.add_conflicts([(key, "model:2", "stance: ann says government")], "2099-01-01T00:00:00+00:00")
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
