"""Prefect as a scheduled night meets it: the deployments of `prefect.yaml` on a real server, their cron, and one run at a time."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml
from prefect.client.base import PrefectHttpxSyncClient

from flows.housekeeping import COPIES, tidy
from flows.processes import Process
from flows.settings import ROOT, Settings
from flows.store import Store
from flows.up import Child
from schemas.story import Story

DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
ONRECORD = Path(sys.executable).with_name("onrecord")


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["name"])
def test_entrypoints_are_flows(deployment: dict) -> None:
    from prefect import Flow

    module, _, name = deployment["entrypoint"].rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), name), Flow)
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    hour = deployment["schedules"][0]["cron"].split()[1]
    assert hour == "*" or not 1 <= int(hour) <= 3  # the hour that clocks skip or repeat


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """`onrecord up` with Label Studio elsewhere, on a data folder with two stories in its wire; its process, Prefect's API, the folder."""
    import socket

    data = tmp_path_factory.mktemp("up")
    (data / "wire").mkdir()
    for name in ("Lastra", "Orvo"):
        (data / "wire" / f"{name}.txt").write_text(f"Police said on Monday that it had rained in {name}.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "ONRECORD_"))} | {
        "ONRECORD_DATA": str(data),
        "ONRECORD_PREFECT_PORT": str(port),
        "ONRECORD_TIME_ZONE": "Europe/Berlin",
        "ONRECORD_LABEL_STUDIO_URL": "http://127.0.0.1:9",
        "ONRECORD_LABEL_STUDIO_TOKEN": "x" * 40,
    }
    process = subprocess.Popen([ONRECORD, "up"], env=env, stderr=subprocess.PIPE, text=True, cwd=data)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("up:"):
            break
    else:
        pytest.fail("".join(said))
    yield process, f"http://127.0.0.1:{port}/api", data
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def ask(api: str, path: str, **body) -> list | dict:
    """The server's answer by Prefect's own client, which asks again after 503 (SQLite held by another of the server's loops)."""
    with PrefectHttpxSyncClient(base_url=api, timeout=60) as client:
        answer = client.post(path, json=body)
    return answer.json() if answer.content else {}


@pytest.mark.prefect
def test_cron_fires_through_the_change_of_clocks(up, wait_for: Callable[..., None]) -> None:
    """Once a day at 04:30 in Berlin on the days when an hour is missing and when one comes twice; and runs are really scheduled."""
    _, api, _ = up
    deployment = httpx.get(f"{api}/deployments/name/nightly/nightly", timeout=60).json()
    assert deployment["paused"] is False
    wait_for(lambda: ask(api, "/flow_runs/filter", deployments={"id": {"any_": [deployment["id"]]}}), 120)
    for year in (2027, 2028):
        for change in _changes(year):
            day = change.astimezone(UTC)
            asked = {"start_time": (day - timedelta(days=2)).isoformat(), "end_time": (day + timedelta(days=3)).isoformat(), "min_runs": 5}
            ask(api, f"/deployments/{deployment['id']}/schedule", **asked)
            window = {"after_": asked["start_time"], "before_": asked["end_time"]}
            runs = ask(api, "/flow_runs/filter", flow_runs={"expected_start_time": window, "deployment_id": {"any_": [deployment["id"]]}})
            times = sorted(datetime.fromisoformat(run["expected_start_time"]).astimezone(ZoneInfo("Europe/Berlin")) for run in runs)
            assert {(t.hour, t.minute) for t in times} == {(4, 30)}
            assert len(times) == 5
            assert [b.date() - a.date() for a, b in pairwise(times)] == [timedelta(days=1)] * 4
            assert len({t.utcoffset() for t in times}) == 2  # the change lies between


def _changes(year: int) -> list[datetime]:
    """The last Sundays of March and October."""
    last = [datetime(year, month, 31, tzinfo=ZoneInfo("Europe/Berlin")) for month in (3, 10)]
    return [day - timedelta(days=(day.weekday() + 1) % 7) for day in last]


@pytest.mark.prefect
def test_a_scheduled_night_runs_and_another_beside_it_is_cancelled(up, wait_for: Callable[..., None]) -> None:
    _, api, data = up
    deployment = httpx.get(f"{api}/deployments/name/nightly/nightly", timeout=60).json()
    runs = [ask(api, f"/deployments/{deployment['id']}/create_flow_run")["id"] for _ in range(2)]

    def states() -> list[str]:
        return sorted(httpx.get(f"{api}/flow_runs/{run}", timeout=60).json()["state"]["type"] for run in runs)

    wait_for(lambda: all(s in ("COMPLETED", "FAILED", "CANCELLED", "CRASHED") for s in states()), 180)
    assert states() == ["CANCELLED", "FAILED"]  # Label Studio is down, which the night says
    store = Store(f"sqlite:///{data / 'onrecord.db'}")
    assert store.story_states() == {"annotated": 2}
    page = store.nights(1)[0].page
    assert page is not None
    assert page["failures"][0].startswith("push: Label Studio at http://127.0.0.1:9")
    shown = ask(api, "/artifacts/latest/filter", artifacts={"key": {"any_": ["morning-page", "stations"]}})
    assert {a["key"] for a in shown} == {"morning-page", "stations"}
    logs = ask(api, "/logs/filter", logs={"flow_run_id": {"any_": runs}}, limit=200)
    assert [line for line in logs if line["name"].startswith("flows") and "annotate: 2 done" in line["message"]]


@pytest.mark.prefect
def test_what_ends_is_started_again(up, wait_for: Callable[..., None]) -> None:
    _, _, data = up
    record = data / "prefect" / "worker.json"
    before = Process(**json.loads(record.read_text()))
    os.killpg(before.pid, signal.SIGKILL)
    wait_for(lambda: json.loads(record.read_text())["pid"] != before.pid)
    assert Process(**json.loads(record.read_text())).alive


def test_a_leftover_of_a_killed_up_is_ended(tmp_path: Path) -> None:
    first = Child("sleeper", ["/bin/sleep", "600"], tmp_path)
    first.start()
    process = Process(**json.loads((tmp_path / "sleeper.json").read_text()))
    assert process.alive
    Child("sleeper", ["/bin/sleep", "600"], tmp_path).end_leftover()
    assert not process.alive
    assert not (tmp_path / "sleeper.json").exists()


def test_housekeeping(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, _env_file=None)
    Store(settings.store).add_story(Story("a", 1, "Police said it rained."), "2026-03-04T01:00:00+00:00")
    settings.report_folder.mkdir()
    old = settings.report_folder / "night-00001.html"
    old.write_text("old")
    os.utime(old, (0, 0))
    now = datetime(2026, 3, 4, tzinfo=UTC)
    for day in range(COPIES + 2):
        said = tidy(settings, now + timedelta(days=day))
    copies = sorted((tmp_path / "copies").iterdir())
    assert len(copies) == COPIES
    assert "1 old copies" in said
    assert not old.exists()
    assert Store(f"sqlite:///{copies[-1]}").story_states() == {"new": 1}
