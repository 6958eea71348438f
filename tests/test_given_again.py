"""Ids that the server gives a second time: SQLite gives that of a deleted task to the next one, and nothing may hide behind it."""

from __future__ import annotations

import pytest

from flows.pushing import Sent, _made, _push_some, task_of
from tests.desk import PLAN, Desk, quiet

pytestmark = pytest.mark.studio


def _hand(desk: Desk, key: str) -> None:
    for made in _made(desk.store, PLAN, [key]):
        _push_some(desk.store, desk.studio, desk.project, made, Sent(), quiet)


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
    _hand(desk, second)  # the other, which had looked before
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
        _hand(desk, second)
    assert desk.studio.count(desk.project) == 2
    desk.push()
    assert set(desk.tasks()) == {second}  # each once
