"""Two people, hidden pre-labels, hidden gold and the budget, on the real server."""

from __future__ import annotations

import pytest

from flows.plan import Budget, Plan
from flows.pulling import pull
from tests.desk import Desk

pytestmark = pytest.mark.studio


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
