"""The Label Studio client against the real server: each task once whatever the network does, annotations back whole."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import flows.studio_import
import flows.studio_tasks
from flows.studio import Studio
from flows.studio_server import RunningStudio
from schemas.claim import Choice, Claim, claim_keys
from schemas.errors import BadData, BadInput, Unavailable
from schemas.reviews import parse_annotation
from schemas.spans import Span
from schemas.story import Story
from schemas.studio_config import labeling_config
from schemas.tasks import claim_task

pytestmark = pytest.mark.studio

Json = dict[str, Any]
SAYINGS = "Взятки — это 😀 серьёзно", "prices would fall", 'the "tax" <b>is</b> unjust', "nobody was hurt", "polls open at eight"


def make_tasks(count: int = 3, by: str = "model:first", name: str = "story") -> list[Json]:
    """Tasks as the night makes them, each claim with a source, a cue and a content."""
    tasks = []
    for number in range(count):
        words = SAYINGS[number % len(SAYINGS)]
        text = f"Report {number}.\n\nThe minister said {words} on Monday."
        source, cue, content = (Span(text.index(w), text.index(w) + len(w), w) for w in ("The minister", "said", words))
        story = Story(guid=f"{name}-{number}", version=1, text=text, headline="Minister speaks", agency="Wire")
        claim = Claim(
            key=claim_keys(story.guid, [((source,), (cue,), (content,))])[0],
            story_id=story.guid,
            story_version=1,
            attributed=True,
            content=(content,),
            cue=(cue,),
            source=(source,),
            speaker=None,
            quotation="indirect",
            naming="unnamed",
            role=Choice("government", 0.9),
            modality=Choice("asserts", 0.9),
            stance=Choice("government", 0.7),
            score=0.8,
            by=by,
        )
        tasks.append(claim_task(story, claim))
    return tasks


def keys_of(tasks: list[Json]) -> list[str]:
    return [task["data"]["key"] for task in tasks]


def quiet(_: object) -> None:
    """Neither says nor waits."""


class Page:
    """The annotators' page, as far as the server sees it."""

    def __init__(self, studio: RunningStudio, project: int) -> None:
        self.http = httpx.Client(base_url=studio.url, headers={"Authorization": f"Token {studio.token}"}, trust_env=False, timeout=60)
        self.project = project

    def next(self) -> Json:
        return self.http.get(f"/api/projects/{self.project}/next").raise_for_status().json()

    def submit(self, task_id: int, result: list[Json], **more: Any) -> Json:
        body = {"result": result, "lead_time": 12.5, **more}
        return self.http.post(f"/api/tasks/{task_id}/annotations/", params={"project": self.project}, json=body).raise_for_status().json()

    def edit(self, annotation_id: int, result: list[Json]) -> None:
        self.http.patch(f"/api/annotations/{annotation_id}/", json={"result": result}).raise_for_status()

    def remove(self, annotation_id: int) -> None:
        self.http.delete(f"/api/annotations/{annotation_id}/").raise_for_status()

    def draft(self, task_id: int) -> None:
        self.http.post(f"/api/tasks/{task_id}/drafts", params={"project": self.project}, json={"result": []}).raise_for_status()

    def import_raw(self, tasks: list[Json]) -> list[int]:
        answer = self.http.post(f"/api/projects/{self.project}/import", params={"return_task_ids": "true"}, json=tasks)
        return answer.raise_for_status().json()["task_ids"]


@pytest.fixture
def page(studio: RunningStudio, project: int) -> Iterator[Page]:
    page = Page(studio, project)
    yield page
    page.http.close()


# Projects


def test_a_project_is_made_once_and_keeps_up_with_the_config(client: Studio, studio: RunningStudio) -> None:
    title = f"one {uuid.uuid4().hex[:12]}"
    first = client.ensure_project(title, labeling_config())
    client.ensure_project(title + " more", labeling_config())  # the server's search would find this one too
    assert client.ensure_project(title, labeling_config()) == first
    changed = labeling_config().replace("Full story", "The whole story")
    assert client.ensure_project(title, changed) == first
    page = Page(studio, first)
    assert page.http.get(f"/api/projects/{first}/").json()["label_config"] == changed.strip()


@pytest.mark.parametrize(
    ("title", "config", "error", "says"),
    [
        ("ab", "<View/>", BadInput, "'ab' has 2 characters; Label Studio allows 3 to 50"),
        ("x" * 51, "<View/>", BadInput, "has 51 characters"),
        ("broken config", "<View><Labels", BadData, "refuses POST /api/projects/validate/"),
    ],
)
def test_what_the_server_would_choke_on_is_refused(client: Studio, title: str, config: str, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        client.ensure_project(title, config)


# Pushing


def test_pushing_twice_gives_each_task_once(client: Studio, project: int) -> None:
    tasks = make_tasks(5)
    said: list[str] = []
    first = client.push(project, tasks, say=said.append)
    again = client.push(project, [*tasks, *tasks], say=said.append)
    assert list(first.created) == keys_of(tasks)
    assert (first.already, first.duplicates_removed, first.refused) == ({}, 0, {})
    assert (again.created, again.already, again.duplicates_removed) == ({}, first.created, 0)
    assert client.find(project, [*keys_of(tasks), "unknown"]) == {key: [number] for key, number in first.created.items()}
    assert said == ["5 of 5 new tasks handed to Label Studio"]


def test_pre_labels_arrive_whole_as_the_sdk_reads_them(client: Studio, studio: RunningStudio, project: int) -> None:
    from label_studio_sdk import LabelStudio

    tasks = make_tasks(2)
    client.push(project, tasks, say=quiet)
    sdk = LabelStudio(base_url=studio.url, api_key=studio.token, max_retries=0)
    rows: list[Any] = list(sdk.tasks.list(project=project))
    seen = {row.data["key"]: row for row in rows}
    for task in tasks:
        row = seen[task["data"]["key"]]
        assert row.data == task["data"]
        (prediction,) = row.predictions
        assert prediction.result == task["predictions"][0]["result"]
        assert [r["labels"] for r in prediction.result if r["type"] == "relation"] == [["source"], ["content"]]
        assert prediction.score == 0.8


def test_open_tasks_keep_their_pre_labels_when_the_model_changes(client: Studio, project: int, page: Page) -> None:
    client.push(project, make_tasks(1, by="model:first", name="old"), say=quiet)
    client.push(project, make_tasks(1, by="model:second", name="new"), say=quiet)
    for name in ("old", "new"):
        task = page.next()
        assert task["data"]["guid"] == f"{name}-0"
        assert len(task["predictions"]) == 1
        page.submit(task["id"], task["predictions"][0]["result"])


def test_batches_and_pages(client: Studio, project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows.studio_import, "BATCH", 3)
    monkeypatch.setattr(flows.studio_tasks, "PAGE", 2)
    tasks = make_tasks(7)
    said: list[str] = []
    assert len(client.push(project, tasks, say=said.append).created) == 7
    assert said == [f"{n} of 7 new tasks handed to Label Studio" for n in (3, 6, 7)]
    assert [task["data"]["key"] for task in client.annotated(project)] == keys_of(tasks)


def test_a_refused_task_holds_up_no_other(client: Studio, project: int) -> None:
    tasks = make_tasks(5)
    bad = tasks[3]["data"]["key"]
    tasks[3]["predictions"][0]["result"][0]["value"]["labels"] = ["Nonsense"]
    pushed = client.push(project, tasks, say=quiet)
    assert list(pushed.created) == [key for key in keys_of(tasks) if key != bad]
    assert list(pushed.refused) == [bad]
    assert "Nonsense" in pushed.refused[bad]


FAULTS = {"timeout": httpx.ReadTimeout, "dropped": httpx.RemoteProtocolError, "down": httpx.ConnectError}


class Faulty(httpx.BaseTransport):
    """The real network with one fault at the first imports: before or after the server has carried them out, or much later."""

    def __init__(self, fault: str, times: int = 1) -> None:
        self.real = httpx.HTTPTransport()
        self.fault, self.times = fault, times
        self.held: httpx.Request | None = None
        self.since = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._carry_out_held()
        if not request.url.path.endswith("/import") or self.times == 0:
            return self.real.handle_request(request)
        self.times -= 1
        what, _, when = self.fault.partition(" ")
        if when == "after":
            self._real_answer(request)
        elif when == "late":
            self.held = request
        if what == "502":
            return httpx.Response(502, html="<html>Bad gateway</html>", request=request)
        raise {"timeout": httpx.ReadTimeout, "dropped": httpx.RemoteProtocolError, "down": httpx.ConnectError}[what](
            "fault", request=request
        )

    def _carry_out_held(self) -> None:
        """An import that its client gave up lasts until after the client has looked twice."""
        if self.held:
            self.since += 1
            if self.since > 2:
                request, self.held = self.held, None
                self._real_answer(request)

    def _real_answer(self, request: httpx.Request) -> None:
        answer = self.real.handle_request(request)
        answer.read()
        assert answer.status_code == 201


@pytest.mark.parametrize(
    ("fault", "times", "removed"),
    [
        ("502 after", 1, 0),  # a proxy gives up, the server has carried it out
        ("502 after", 2, 0),
        ("timeout after", 1, 0),
        ("dropped after", 1, 0),
        ("502 before", 2, 0),  # nothing was carried out
        ("down before", 3, 0),
        ("timeout late", 1, 3),  # carried out when it was sent a second time already: the sweep removes the second
    ],
)
def test_whatever_the_network_does_each_task_is_there_once(
    studio: RunningStudio, client: Studio, project: int, fault: str, times: int, removed: int
) -> None:
    tasks = make_tasks(3)
    waited: list[float] = []
    with Studio(studio.url, studio.token, transport=Faulty(fault, times), wait=waited.append) as shaky:
        pushed = shaky.push(project, tasks, say=quiet)
    assert {key: [number] for key, number in pushed.created.items()} == client.find(project, keys_of(tasks))
    assert list(pushed.created) == keys_of(tasks)
    assert pushed.duplicates_removed == removed
    assert waited


def test_a_server_that_stays_away_is_unavailable_and_the_next_push_goes_on(studio: RunningStudio, client: Studio, project: int) -> None:
    tasks = make_tasks(2)
    with (
        Studio(studio.url, studio.token, transport=Faulty("502 before", 99), wait=quiet) as shaky,
        pytest.raises(Unavailable, match=r"answers 502 Bad Gateway; try again later"),
    ):
        shaky.push(project, tasks, say=quiet)
    assert list(client.push(project, tasks, say=quiet).created) == keys_of(tasks)


def test_doubles_go_unless_somebody_worked_on_them(client: Studio, project: int, page: Page) -> None:
    tasks = make_tasks(4)
    one, two, three, four = keys_of(tasks)
    ids = [page.import_raw(tasks) for _ in range(3)]
    page.submit(ids[1][0], [])  # the first is annotated in its second copy
    page.submit(ids[2][1], [], was_cancelled=True)  # the second is skipped in its third
    page.draft(ids[1][2])  # somebody is at the third in its second
    pushed = client.push(project, tasks, say=quiet)
    assert pushed.already == {one: ids[1][0], two: ids[2][1], three: ids[1][2], four: ids[0][3]}
    assert pushed.duplicates_removed == 8
    assert client.find(project, keys_of(tasks)) == {key: [number] for key, number in pushed.already.items()}


def test_only_untouched_tasks_of_the_keys_are_deleted(client: Studio, project: int, page: Page) -> None:
    tasks = make_tasks(5)
    open_, annotated, skipped, begun, other = keys_of(tasks)
    ids = client.push(project, tasks, say=quiet).created
    page.submit(ids[annotated], [])
    page.submit(ids[skipped], [], was_cancelled=True)
    page.draft(ids[begun])
    assert client.delete(project, []) == []
    assert client.delete(project, [open_, annotated, skipped, begun, "unknown"]) == [open_, "unknown"]
    assert set(client.find(project, keys_of(tasks))) == {annotated, skipped, begun, other}


# Annotations


def test_annotations_come_back_with_who_made_them(client: Studio, studio: RunningStudio, project: int, page: Page) -> None:
    tasks = make_tasks(4)
    client.push(project, tasks, say=quiet)
    accepted = page.next()
    result = accepted["predictions"][0]["result"]
    page.submit(accepted["id"], result, parent_prediction=accepted["predictions"][0]["id"])
    skipped = page.next()
    page.submit(skipped["id"], [], was_cancelled=True)
    page.draft(page.next()["id"])
    rows = list(client.annotated(project))
    assert [len(row["annotations"]) for row in rows] == [1, 1, 0, 0]
    assert [row["data"] for row in rows] == [task["data"] for task in tasks]
    (annotation,) = rows[0]["annotations"]
    assert annotation["completed_by"] == studio.email
    assert annotation["result"] == result
    assert annotation["lead_time"] == 12.5
    review = parse_annotation(annotation, rows[0]["data"], annotation["completed_by"])
    assert not review.skipped
    assert review.claims[0].content[0].text == SAYINGS[0]
    assert review.choices == {"stance": "government", "role": "government", "modality": "asserts", "naming": "unnamed"}
    (cancelled,) = rows[1]["annotations"]
    assert parse_annotation(cancelled, rows[1]["data"], cancelled["completed_by"]).skipped


def test_only_what_changed_since_comes(client: Studio, project: int, page: Page) -> None:
    tasks = make_tasks(3)
    ids = list(client.push(project, tasks, say=quiet).created.values())
    made = [page.submit(number, [])["id"] for number in ids[:2]]

    def newest() -> str:
        return max(row["updated_at"] for row in client.annotated(project))

    def changed(since: str) -> dict[int, int]:
        return {row["id"]: len(row["annotations"]) for row in client.annotated(project, since)}

    mark = newest()
    assert changed(mark) == {}
    page.submit(ids[2], [])
    assert changed(mark) == {ids[2]: 1}
    assert changed(datetime.fromisoformat(mark).astimezone().isoformat()) == {ids[2]: 1}  # the same moment in another zone
    mark = newest()
    page.edit(made[0], tasks[0]["predictions"][0]["result"])
    assert changed(mark) == {ids[0]: 1}
    mark = newest()
    page.remove(made[1])
    assert changed(mark) == {ids[1]: 0}


@pytest.mark.parametrize("since", ["yesterday", "2026-01-31T06:00:00"])
def test_a_time_without_a_zone_is_refused(client: Studio, project: int, since: str) -> None:
    with pytest.raises(BadInput, match="is not a time; give ISO 8601 with a zone"):
        list(client.annotated(project, since))


# Tokens and addresses


def test_a_personal_access_token_serves_as_well(studio: RunningStudio, project: int, page: Page) -> None:
    token = page.http.post("/api/token/").raise_for_status().json()["token"]
    tasks = make_tasks(1)
    with Studio(studio.url, token) as client:
        assert list(client.push(project, tasks, say=quiet).created) == keys_of(tasks)
        client._api._client.auth._short_lived += "x"  # type: ignore[union-attr]  # as good as run out
        assert list(client.find(project, keys_of(tasks))) == keys_of(tasks)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("0" * 40, r"refuses the token \(401\)"),  # a legacy token of nobody
        ("eyJh.eyJz.c2ln", r"refuses the token \(401\)"),  # a personal access token of nobody
        ("", "token is empty or holds characters"),
        ("secret\n", "token is empty or holds characters"),
    ],
)
def test_a_wrong_token_is_said_and_not_shown(studio: RunningStudio, token: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        Studio(studio.url, token, wait=quiet).ensure_project("never made", labeling_config())
    assert not token or token.strip() not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("localhost:8080", BadInput, "give one such as http://127.0.0.1:8080"),
        ("ftp://localhost", BadInput, "give one such as http://127.0.0.1:8080"),
        ("http://", BadInput, "give one such as http://127.0.0.1:8080"),
        ("http://127.0.0.1:1", Unavailable, r"does not answer \(ConnectError\); is it running\?"),
    ],
)
def test_a_wrong_address_is_named(url: str, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        Studio(url, "0" * 40, wait=quiet).find(1, ["key"])


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (httpx.Response(200, html="<h1>It works!</h1>"), BadInput, "does not answer as Label Studio does"),
        (httpx.Response(301, headers={"Location": "https://elsewhere/"}), BadInput, "sends on to https://elsewhere/"),
        (httpx.Response(503, html="<h1>Sorry</h1>"), Unavailable, "answers 503 Service Unavailable"),
        (httpx.Response(429), Unavailable, "answers 429 Too Many Requests"),
        # killed when it had sent the head of its answer, behind a proxy
        (httpx.Response(200, headers={"Content-Type": "application/json"}), Unavailable, "gives an empty answer"),
        (httpx.Response(400, json={"detail": "x " * 400}), BadData, r"\(400\): (x )+x?…$"),
    ],
)
def test_answers_of_other_servers_and_proxies(answer: httpx.Response, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        Studio("http://studio.invalid", "0" * 40, transport=httpx.MockTransport(lambda _: answer), wait=quiet).find(1, ["key"])


def test_a_project_that_was_deleted_is_said(client: Studio) -> None:
    with pytest.raises(BadInput, match="has no /api/tasks/; was it deleted"):
        client.find(999_999, ["key"])


def test_now_is_a_time(client: Studio, project: int) -> None:
    client.push(project, make_tasks(1), say=quiet)
    assert list(client.annotated(project, datetime.now(UTC).isoformat())) == []
