"""The way back on the real server: what cannot be read of an annotation holds up nothing and is not lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.plan import Plan
from flows.pulling import pull
from tests.desk import Desk, said

pytestmark = pytest.mark.studio


def typed(*lines: str) -> dict:
    """Missed claims as the page gives them."""
    return {"id": "m", "from_name": "missed", "to_name": "text", "type": "textarea", "value": {"text": list(lines)}}


def test_a_missed_claim_that_cannot_be_read_is_said_and_the_rest_is_taken(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    made = desk.review(key, typed("pupils | said | nothing", "the minister | said | prices rose"))
    for reviews in (1, 0):  # said until somebody corrects it
        pulled = pull(desk.store, desk.studio)
        assert (pulled.reviews, pulled.faults) == (reviews, {})
        (line,) = pulled.unread
        assert "the missed claim 'pupils | said | nothing': 'pupils' does not stand in the passage" in line
    (review,) = desk.store.all_reviews()
    assert [claim.quoted for claim in review.claims] == ["prices rose 0 times", "prices rose"]

    # the page says it, until the line is corrected
    desk.push()
    assert f"Not read ({review.by}): the missed claim 'pupils | said | nothing'" in desk.tasks()[key]["data"]["notice"]
    assert desk.differences() == {}
    result = [*made["result"][:-1], typed("the minister | said | prices rose")]
    desk.http.patch(f"/api/annotations/{made['id']}/", json={"result": result}).raise_for_status()
    pulled = pull(desk.store, desk.studio)
    assert (pulled.reviews, pulled.unread) == (1, [])
    desk.push()
    assert desk.tasks()[key]["data"]["notice"] == ""


def test_a_missed_claim_that_cannot_be_read_is_not_lost_with_the_server(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    desk.review(key, typed("pupils | said | nothing"))
    pull(desk.store, desk.studio)
    (review,) = desk.store.all_reviews()
    desk.http.delete(f"/api/projects/{desk.project}/").raise_for_status()
    desk.mend()
    assert [said(r) for r in desk.store.all_reviews()] == [said(review)]
    assert len(pull(desk.store, desk.studio, whole=True).unread) == 1
    assert [said(r) for r in desk.store.all_reviews()] == [said(review)]


def test_a_line_that_cannot_be_read_tells_a_second_reviewer_nothing(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push(Plan(double=1.0))
    desk.review(key, typed("pupils | said | nothing"))
    pull(desk.store, desk.studio)
    desk.push()
    assert desk.tasks()[key]["data"]["notice"] == ""
    desk.review(key)
    pull(desk.store, desk.studio)
    desk.push()
    assert "'pupils' does not stand" in desk.tasks()[key]["data"]["notice"]


def test_what_cannot_be_taken_is_asked_for_again_and_holds_up_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.pulling.OVERLAP", timedelta(seconds=-5))  # what was pulled once is not asked for again
    broken, fine = desk.take_in(0, 1)
    desk.push()
    task = desk.tasks()[broken]
    moved = task["data"] | {"text": "Something else."}
    desk.http.patch(f"/api/tasks/{task['id']}/", json={"data": moved}).raise_for_status()
    desk.review(broken)
    desk.review(fine)
    first = pull(desk.store, desk.studio)
    assert (first.tasks, first.reviews, list(first.faults)) == (2, 1, [broken])
    second = pull(desk.store, desk.studio)
    assert (second.tasks, second.reviews, second.faults) == (0, 0, first.faults)
    desk.http.patch(f"/api/tasks/{task['id']}/", json={"data": task["data"]}).raise_for_status()
    assert (pull(desk.store, desk.studio).reviews, pull(desk.store, desk.studio).faults) == (1, {})
    assert {r.key for r in desk.store.all_reviews()} == {broken, fine}


def test_what_somebody_imported_beside_the_desk_is_left_alone(desk: Desk) -> None:
    (key,) = desk.take_in(0)
    desk.push()
    strange = {"data": desk.tasks()[key]["data"] | {"key": "somebody's"}, "annotations": [{"result": []}]}
    desk.http.post(f"/api/projects/{desk.project}/import", json=[strange]).raise_for_status()
    pulled = pull(desk.store, desk.studio)
    assert (pulled.reviews, pulled.faults) == (0, {})
    assert desk.differences() == {"strange": ("somebody's",)}
