"""A night end to end on real parts: Prefect, Label Studio, the shipped model; then the way back to a dataset."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from exports.dataset import write_dataset
from exports.manifest import Manifest
from flows.pulling import pull
from flows.settings import Settings
from flows.store import Store
from flows.studio import Studio
from flows.studio_server import RunningStudio
from schemas.studio_config import TITLE, labeling_config

pytestmark = [pytest.mark.studio, pytest.mark.prefect]
WIRE = Path(__file__).resolve().parent.parent / "examples" / "wire"
NOW = datetime(2026, 3, 8, 3, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Everything under a folder of the test's own."""
    return Settings(data=tmp_path, _env_file=None)


def night(wire: Path, settings: Settings, studio: Studio | None, now: datetime = NOW):
    from flows.nightly import run_nightly

    return run_nightly([wire], settings, studio, now=now, say=lambda _: None)


@pytest.mark.usefixtures("prefect_server")
def test_the_whole_round(settings: Settings, studio: RunningStudio, client: Studio, tmp_path: Path) -> None:
    first = night(WIRE, settings, client)
    assert not first.failures
    assert [why for _, why in first.quarantined if "broken XML" in why]
    reasons = " ".join(why for _, why in first.held)
    assert all(word in reasons for word in ("embargoed until 2031", "killed by version 2", "same text as", "version 2 came"))
    assert first.pushed == first.claims > 100
    store = Store(settings.store)
    assert store.task_states() == {"pushed": first.pushed}

    again = night(WIRE, settings, client)
    assert (again.stories_new, again.annotated, again.pushed, again.already, again.failures) == (0, 0, 0, 0, [])

    project = client.ensure_project(TITLE, labeling_config())
    tasks = list(client.annotated(project))
    assert len(tasks) == first.pushed
    assert len({t["data"]["key"] for t in tasks}) == first.pushed
    http = httpx.Client(base_url=studio.url, headers={"Authorization": f"Token {studio.token}"}, timeout=60)
    chosen = tasks[:5]
    sent = {task["id"]: annotate(http, task["id"], choices={"stance": "opposition", "credibility": "2"}) for task in chosen}

    pulled = pull(store, client)
    assert (pulled.reviews, pulled.faults) == (5, {})
    assert pull(store, client).reviews == 0

    out = tmp_path / "export"
    manifest = Manifest(NOW.isoformat(), "1", "g", splits={story.guid: "train" for story in store.reviewed_stories()})
    write_dataset(store.reviewed(), out, manifest)
    from datasets import load_dataset

    rows = {row["task_key"]: row for row in load_dataset(str(out), cache_dir=str(tmp_path / "cache"))["train"]}
    assert len(rows) == 5
    for task in chosen:
        row = rows[task["data"]["key"]]
        spans = {(r["value"]["labels"][0].lower(), r["value"]["text"]) for r in sent[task["id"]] if r["type"] == "labels"}
        assert spans == {(part, s["text"]) for part in ("source", "cue", "content") for s in row[part]}
        assert all(row["text"][s["start"] : s["end"]] == s["text"] for part in ("source", "cue", "content") for s in row[part])
        links = sum(r["type"] == "relation" for r in sent[task["id"]])
        assert links == len(row["source"]) + len(row["content"])  # every one of the claim's parts was tied to its cue
        assert (row["stance"], row["credibility"], row["annotator"]) == (1, 1, studio.email)  # second label of each set

    # an edit and a deletion come through
    listed = http.get(f"/api/tasks/{chosen[0]['id']}/annotations/").json()
    edited = [r for r in listed[0]["result"] if r.get("from_name") != "stance"]
    http.patch(f"/api/annotations/{listed[0]['id']}/", json={"result": edited}).raise_for_status()
    second = http.get(f"/api/tasks/{chosen[1]['id']}/annotations/").json()
    http.delete(f"/api/annotations/{second[0]['id']}/").raise_for_status()
    assert pull(store, client).reviews == 2
    left = {review.key: review for _, _, review in store.reviewed()}
    assert len(left) == 4
    assert "stance" not in left[chosen[0]["data"]["key"]].choices


def annotate(http: httpx.Client, task: int, choices: dict[str, str]) -> list[dict]:
    """Takes the pre-label over as the page does, with some choices made."""
    prediction = http.get(f"/api/tasks/{task}/").json()["predictions"][0]
    result = [r for r in prediction["result"] if r.get("from_name") not in choices]
    for name, label in choices.items():
        result.append({"id": f"made-{name}", "from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [label]}})
    http.post(f"/api/tasks/{task}/annotations/", json={"result": result, "lead_time": 7.5}).raise_for_status()
    return result


@pytest.mark.usefixtures("prefect_server")
def test_label_studio_down_loses_nothing(settings: Settings, client: Studio, tmp_path: Path) -> None:
    """The stories are stored and annotated; the next night pushes what this one could not."""
    wire = tmp_path / "wire"
    wire.mkdir()
    shutil.copy(WIRE / "17-march.txt", wire)
    dead = Studio("http://127.0.0.1:9", "0" * 40, wait=lambda _: None)
    failed = night(wire, settings, dead)
    assert failed.claims
    assert not failed.pushed
    assert len(failed.failures) == 1
    mended = night(wire, settings, client)
    assert (mended.annotated, mended.failures) == (0, [])
    assert mended.pushed + mended.already == failed.claims


@pytest.mark.usefixtures("prefect_server")
def test_an_embargo_ends(settings: Settings) -> None:
    before = night(WIRE / "13-memoir-embargoed.xml", settings, None)
    assert before.annotated == 0
    after = night(WIRE / "13-memoir-embargoed.xml", settings, None, now=datetime(2031, 3, 2, tzinfo=UTC))
    assert after.annotated == 1


@pytest.mark.usefixtures("prefect_server")
def test_a_story_of_200_000_characters(settings: Settings, tmp_path: Path) -> None:
    story = (WIRE / "17-march.txt").read_text(encoding="utf-8")
    long = tmp_path / "long.txt"
    filler = f"{'x' * 120} {'7' * 120}\n\n"  # words over 100 letters are one piece each: characters, and little to compute
    long.write_text(story + "\n\n" + filler * (200_000 // len(filler)) + story, encoding="utf-8")
    result = night(long, settings, None)
    assert (result.annotated, result.failures) == (1, [])
    assert max(c.spans[-1].end for c in _claims(settings)) > 199_000


def _claims(settings: Settings):
    return [task.claim for task in Store(settings.store).waiting()]
