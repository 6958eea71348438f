"""Prefect as a scheduled night meets it: the deployments of `prefect.yaml` on a real server, their cron, and one run at a time."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml
from prefect.blocks.system import Secret
from prefect.client.base import PrefectHttpxSyncClient
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from flows.housekeeping import COPIES, tidy
from flows.keeping import Child, Pause
from flows.processes import Process
from flows.settings import ROOT, Settings
from flows.store import Store
from schemas.errors import BadInput
from schemas.story import Story

DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
ONRECORD = Path(sys.executable).with_name("onrecord")
TOKEN, KEY = "t0k3n" + "f" * 35, "k3y-of-the-webhook"
TOLD: list[tuple[str, dict]] = []


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: d["name"])
def test_entrypoints_are_flows(deployment: dict) -> None:
    from prefect import Flow

    module, _, name = deployment["entrypoint"].rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), name), Flow)
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    hour = deployment["schedules"][0]["cron"].split()[1]
    assert hour == "*" or not 1 <= int(hour) <= 3  # the hour that clocks skip or repeat


@contextlib.contextmanager
def monitor() -> Iterator[str]:
    """The address of whoever is told how nights went."""

    class Monitor(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            TOLD.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Monitor)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


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
        "ONRECORD_LABEL_STUDIO_TOKEN": TOKEN,
        "ONRECORD_STORE_URL": "block:store",
        "ONRECORD_WEBHOOK": "block:monitoring",
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
    with monitor() as address, temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        Secret(value=f"sqlite:///{data / 'onrecord.db'}").save("store")
        Secret(value=f"{address}/{KEY}").save("monitoring")
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
def test_secrets_come_from_blocks_and_are_shown_nowhere(up) -> None:
    """After the nights above: not in a log, a page, an artifact, Prefect's database or the process list."""
    _, _, data = up
    assert [(path, body["state"]) for path, body in TOLD] == [(f"/{KEY}", "failed")]
    secrets = [TOKEN.encode(), KEY.encode()]
    assert (data / "prefect" / "prefect.db").exists()
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {"worker.log", "server.log", "index.html"} <= {path.name for path in files}
    assert [path for path in files if any(secret in path.read_bytes() for secret in secrets)] == []
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _still(path)]
    assert [line for line in lines if b"onrecord\0up" in line]
    assert [line for line in lines if any(secret in line for secret in secrets)] == []


def _still(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return bool(path.read_bytes())
    return False


@pytest.mark.prefect
@pytest.mark.usefixtures("prefect_server")
def test_a_block_that_is_not_there_is_named() -> None:
    settings = Settings(webhook=SecretStr("block:nowhere"), _env_file=None)
    with pytest.raises(BadInput, match="ONRECORD_WEBHOOK=block:nowhere: Prefect has no such Secret block"):
        settings.webhook_address()


def test_settings_show_no_secret() -> None:
    given = {"store_url": "postgresql+psycopg://u:pa55@h/n", "label_studio_token": "pa55", "webhook": "http://h/pa55"}
    settings = Settings(_env_file=None, **given)
    assert (settings.store, settings.token(), settings.webhook_address()) == tuple(given.values())
    assert "pa55" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.prefect
def test_prefect_listens_on_loopback_only(up) -> None:
    _, api, _ = up
    port = f"{int(api.split(':')[2].split('/')[0]):04X}"
    listening = [
        line.split()[1] for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:] if " 0A " in line
    ]
    assert [address for address in listening if address.endswith(f":{port}")] == [f"0100007F:{port}"]


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


def test_pauses_grow_to_a_minute() -> None:
    pause, now, lengths = Pause(), 100.0, []
    for _ in range(8):
        assert not pause.begun()
        lengths.append(pause.begin(now))
        assert pause.begun()
        assert not pause.over(now + lengths[-1] - 0.1)
        now += lengths[-1]
        assert pause.over(now)
    assert lengths == [1, 2, 4, 8, 16, 32, 60, 60]


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
