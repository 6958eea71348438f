"""Three nights by `onrecord up` on a fresh box: one killed, one doubled, one with Label Studio down; each morning page tells exactly that.

Prefect's server and worker, Label Studio and the model are real; what time it is, the deployment is told.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from prefect.client.base import PrefectHttpxSyncClient

from flows.settings import Settings
from flows.store import Store
from flows.studio import Studio
from flows.studio_server import running
from schemas.guideline import project_settings

ONRECORD = Path(sys.executable).with_name("onrecord")
BY_HAND = """
import sys
from datetime import datetime
from flows.settings import load_settings, prepare_prefect
prepare_prefect(load_settings())
from flows.nightly import nightly
print("ready", flush=True)
sys.stdin.readline()
state = nightly(now=datetime.fromisoformat(sys.argv[1]), return_state=True)
print(state.type.value, state.message)
"""


@dataclass
class Box:
    """A machine on which `onrecord up` runs."""

    data: Path
    env: dict[str, str]
    studio: Path
    api: str
    said: list[str]

    @property
    def store(self) -> Store:
        return Store(f"sqlite:///{self.data / 'onrecord.db'}")

    def ask(self, method: str, path: str, **body) -> dict:
        with PrefectHttpxSyncClient(base_url=self.api, timeout=60) as client:
            return client.request(method, path, **body).raise_for_status().json()

    def night(self, moment: str, **parameters) -> str:
        """A run of the deployment at what is a moment for it."""
        deployment = self.ask("GET", "/deployments/name/nightly/nightly")["id"]
        wanted = {"parameters": {"now": moment, **parameters}}
        return self.ask("POST", f"/deployments/{deployment}/create_flow_run", json=wanted)["id"]

    def state(self, run: str) -> str:
        return self.ask("GET", f"/flow_runs/{run}")["state_type"]

    def break_studio(self) -> None:
        """Label Studio ends, and does not start again."""
        self.studio.write_text("#!/bin/sh\necho the disk is full; exit 1\n")
        server = running(self.data / "label-studio")
        assert server is not None
        os.killpg(server.pid, signal.SIGKILL)

    def mend_studio(self, label_studio: Path) -> None:
        self.studio.write_text(f'#!/bin/sh\nexec "{label_studio}" "$@"\n')

    def page(self, number: int) -> tuple[str, list[str], list[str], dict[str, float]]:
        """State, failures, notes and figures of a night, once its HTML says the same."""
        row = next(row for row in self.store.nights(100) if row.number == number)
        assert row.page is not None
        text = (self.data / "reports" / f"night-{number:05d}.html").read_text()
        assert f'Night {number}: <span class="state {row.state}">' in text
        shown = re.findall(r"<li>(.*?)</li>", text)
        assert len(shown) == len(row.page["failures"] + row.page["notes"] + row.page["unusual"])
        return row.state, row.page["failures"], row.page["notes"], row.page["figures"]


@pytest.fixture
def box(tmp_path: Path, studio_template: Path, label_studio: Path) -> Iterator[Box]:
    data, studio = tmp_path / "data", tmp_path / "label-studio"
    shutil.copytree(studio_template, data / "label-studio")  # a first start of Label Studio, which is tried where this is made
    (data / "label-studio" / "server.json").unlink(missing_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "ONRECORD_"))} | {
        "ONRECORD_DATA": str(data),
        "ONRECORD_PREFECT_PORT": str(port),
        "ONRECORD_LABEL_STUDIO_EXECUTABLE": str(studio),
        "ONRECORD_WORKERS": "1",
        "ONRECORD_PASSAGES": "0",
    }
    box = Box(data, env, studio, f"http://127.0.0.1:{port}/api", [])
    box.mend_studio(label_studio)
    studio.chmod(0o755)
    process = subprocess.Popen([ONRECORD, "up"], env=env, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    ready = threading.Event()

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            box.said.append(line)
            if line.startswith("up:"):
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        assert ready.wait(600)
        assert process.poll() is None, "".join(box.said)
        yield box
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, "".join(box.said)
        listener.join()
        assert running(data / "label-studio") is None


def write_wire(folder: Path, day: int, count: int, paragraphs: int = 1) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(count):
        words = [
            f"The minister of district {day}{n} said on Monday that road number {n}.{p} would be built in {2030 + n}."
            for p in range(paragraphs)
        ]
        (folder / f"day{day}-{n:02d}.txt").write_text("\n\n".join(words))


@contextlib.contextmanager
def slow_feed(go_on: threading.Event, asked: threading.Event) -> Iterator[str]:
    """The address of a story that has its last word only when it may."""

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(b"The mayor of Orvo said on Tuesday that the bridge would be closed.\n")
            asked.set()
            while not go_on.wait(1):
                self.wfile.write(b"\n")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/late.txt"
    finally:
        go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.studio
@pytest.mark.prefect
def test_three_nights(box: Box, label_studio: Path, wait_for: Callable[..., None]) -> None:
    wire = box.data / "wire"

    def ended(run: str) -> str:
        wait_for(lambda: box.state(run) in ("COMPLETED", "FAILED", "CANCELLED", "CRASHED"), 300)
        return box.state(run)

    # the first is killed while it annotates; the same night, begun again, goes on from there
    write_wire(wire, 8, 60, paragraphs=16)
    killed = box.night("2026-03-08T04:30:00Z")
    wait_for(lambda: (box.data / "onrecord.db").exists(), 300)
    wait_for(lambda: box.store.story_states().get("annotated", 0) >= 2, 300)
    who = box.store.nights(1)[0].who
    os.kill(int(who.split()[1]), signal.SIGKILL)
    assert ended(killed) == "CRASHED"
    before = box.store.story_states()["annotated"]
    assert before < 60
    assert ended(box.night("2026-03-08T05:30:00Z")) == "COMPLETED"
    told = (
        f"the night begun 2026-03-08T04:30:00+00:00 ({who}) ended without a word at station annotate; "
        f"{before} stories had been annotated by then, and this night went on from there"
    )
    state, failures, notes, figures = box.page(2)
    assert (state, failures, notes) == ("done", [], [told])
    assert (figures["stories in"], figures["known before"], figures["annotated"]) == (0, 60, 60 - before)
    assert figures["tasks out"] == 60 * 16

    # the second is doubled: one by hand beside the scheduled one, which works on
    write_wire(wire, 10, 2)
    go_on, asked = threading.Event(), threading.Event()
    env = box.env | {"PREFECT_API_URL": box.api}
    with slow_feed(go_on, asked) as address:
        double = subprocess.Popen(
            [sys.executable, "-c", BY_HAND, "2026-03-10T04:31:00+00:00"], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert double.stdout is not None
        assert double.stdout.readline() == "ready\n"
        second = box.night("2026-03-10T04:30:00Z", inputs=[str(wire), address])
        assert asked.wait(300)
        said, _ = double.communicate("go\n", timeout=300)
        at_work = next(row for row in box.store.nights(5) if row.state == "working")
        holder = f"{at_work.who}, begun 2026-03-10T04:30:00+00:00"
        assert said == f"CANCELLED another night is at work on this store ({holder}); this one leaves it to that\n"
        go_on.set()
        assert ended(second) == "COMPLETED"
    state, failures, notes, figures = box.page(at_work.number)
    assert (state, failures, figures["annotated"]) == ("done", [], 3)
    (note,) = notes
    assert re.fullmatch(r"another night came at 2026-03-10T04:31:00\+00:00 \(process \d+ on \S+\), found one at work, and left", note), note

    # the third finds Label Studio down: all else is done
    write_wire(wire, 11, 2)
    box.break_studio()
    assert ended(box.night("2026-03-11T04:30:00Z")) == "FAILED"
    third = box.store.nights(1)[0].number
    state, failures, notes, figures = box.page(third)
    assert (state, notes, figures["annotated"], figures["claims"], figures["tasks out"]) == ("failed", [], 2, 2, 0)
    (failure,) = failures
    assert failure.startswith("push: Label Studio ")

    # and the one after makes good, once `onrecord up` could start it again
    box.mend_studio(label_studio)
    wait_for(lambda: sum(line.startswith("Label Studio at") for line in box.said) == 2, 300)
    assert ended(box.night("2026-03-12T04:30:00Z")) == "COMPLETED"
    state, failures, notes, figures = box.page(third + 1)
    assert (state, failures, notes, figures["annotated"], figures["tasks out"]) == ("done", [], [], 0, 2)

    server, store = running(box.data / "label-studio"), box.store
    assert server is not None
    with Studio(server.url, server.token) as client:
        keys = [task["data"]["key"] for task in client.annotated(client.ensure_project(client.title, **project_settings()))]
    assert len(keys) == len(set(keys)) == store.task_states()["pushed"] == 60 * 16 + 3 + 2
    assert Settings(data=box.data, _env_file=None).store == str(store.engine.url)
