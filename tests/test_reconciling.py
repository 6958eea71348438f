"""The store and Label Studio compared and mended, on the real server: a lost one is filled again, people's decisions included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.desk_faults import story_and_claim
from flows.pulling import pull
from schemas.errors import BadInput
from schemas.story import Status
from tests.desk import NOW, Desk, picked, said

pytestmark = pytest.mark.studio


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
