"""`onrecord up`: everything on one box, kept running: Prefect's server, its worker with the deployments, Label Studio.

Each child's log and process lie under `data/prefect`; one that ends is started again; what an earlier `up` left is ended first.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import httpx

from flows.processes import Process, start_detached
from flows.settings import ROOT, Settings, prepare_prefect
from flows.studio_server import ensure_running, stop
from schemas.errors import BadInput, Unavailable

Say = Callable[[str], None]
PREFECT = Path(sys.executable).with_name("prefect")
POOL = "onrecord"
_PAUSE, _LONGEST = 1.0, 60.0
"""Seconds before a child that ended is started again: doubled each time, up to a minute."""
_START = 600.0
"""Seconds that Prefect's server may take to answer: 10 on a quiet machine, minutes on one that is not."""


class Child:
    """A process that is kept running."""

    def __init__(self, name: str, command: Sequence[str | Path], folder: Path) -> None:
        self.name, self.command, self._folder = name, command, folder
        self._process: Process | None = None
        self._pause, self._due = _PAUSE, 0.0

    @property
    def _record(self) -> Path:
        return self._folder / f"{self.name}.json"

    def end_leftover(self) -> None:
        """Ends what an earlier `up`, that was killed, left running."""
        if self._record.exists():
            Process(**json.loads(self._record.read_text(encoding="utf-8"))).end()
            self._record.unlink()

    def start(self) -> None:
        """Starts it."""
        self._process = start_detached(self.command, os.environ, self._folder / f"{self.name}.log")
        self._record.write_text(json.dumps(asdict(self._process)), encoding="utf-8")

    def keep(self, now: float, say: Say) -> None:
        """Starts it again where it has ended, each time after a longer pause."""
        if self._process is None or self._process.alive:
            return
        if not self._due:
            self._due = now + self._pause
            say(f"{self.name} ended, see {self._folder / self.name}.log; started again in {self._pause:.0f} s")
        elif now >= self._due:
            self._pause, self._due = min(2 * self._pause, _LONGEST), 0.0
            self.start()

    def end(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.end()
            self._record.unlink(missing_ok=True)


def run_up(settings: Settings, say: Say) -> None:
    """Starts everything and keeps it running until SIGTERM or Ctrl-C. Errors: Unavailable where something does not start."""
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    folder = settings.data / "prefect"
    children: list[Child] = []
    studio_started = False
    try:
        _prepare(settings)
        if "PREFECT_API_URL" not in os.environ:
            children.append(_server(settings, folder, say))
        studio_started = _label_studio(settings, say)
        _register(say)
        worker: list[str | Path] = [
            PREFECT,
            "worker",
            "start",
            "--pool",
            POOL,
            "--type",
            "process",
            "--name",
            "onrecord",
            "--install-policy",
            "never",
        ]
        children.append(Child("worker", worker, folder))
        children[-1].end_leftover()
        children[-1].start()
        say(f"up: nights run at 04:30 {settings.time_zone}; at once: prefect deployment run nightly/nightly; Ctrl-C ends everything")
        while not ended.wait(0.5):
            for child in children:
                child.keep(time.monotonic(), say)
    finally:
        for child in reversed(children):
            child.end()
        if studio_started:
            stop(settings.studio_home)


def _prepare(settings: Settings) -> None:
    """The environment that server, worker and flows share."""
    os.environ |= {"PREFECT_LOGGING_TO_API_ENABLED": "true", "PREFECT_LOGGING_LEVEL": "INFO"}
    os.environ |= {"ONRECORD_HOME": str(Path.cwd()), "ONRECORD_TIME_ZONE": settings.time_zone}
    prepare_prefect(settings)


def _server(settings: Settings, folder: Path, say: Say) -> Child:
    """Prefect's own server on loopback, its database SQLite, answering."""
    port = str(settings.prefect_port)
    server = Child("server", [PREFECT, "server", "start", "--host", "127.0.0.1", "--port", port], folder)
    server.end_leftover()
    url = f"http://127.0.0.1:{port}/api"
    if _answers(url):
        raise BadInput(f"something answers on port {port} already; end it, set ONRECORD_PREFECT_PORT, or set PREFECT_API_URL to use it")
    os.environ["PREFECT_API_URL"] = url
    server.start()
    deadline = time.monotonic() + _START
    while not _answers(url):
        if time.monotonic() > deadline:
            server.end()
            raise Unavailable(f"Prefect's server does not answer after {_START:.0f} s; see {folder / 'server.log'}")
        time.sleep(0.2)
    say(f"Prefect at http://127.0.0.1:{port}")
    return server


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _label_studio(settings: Settings, say: Say) -> bool:
    """Starts Label Studio where it is not elsewhere. Gives whether it did."""
    if settings.label_studio_url:
        say(f"Label Studio is elsewhere: {settings.label_studio_url}")
        return False
    server = ensure_running(settings.studio_home, settings.label_studio_executable, port=settings.label_studio_port, say=say)
    say(f"Label Studio at {server.url}, login {server.email}, password in {settings.studio_home / 'credentials.json'}")
    return server.started


def _register(say: Say) -> None:
    """The work pool and the deployments of `prefect.yaml`."""
    for arguments in (
        ["work-pool", "create", POOL, "--type", "process", "--overwrite"],
        ["--no-prompt", "deploy", "--all", "--prefect-file", str(ROOT / "prefect.yaml")],
    ):
        done = subprocess.run([PREFECT, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=_START)
        if done.returncode:
            raise Unavailable(f"prefect {' '.join(arguments[:3])} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    say("deployments registered: nightly, pull, housekeeping, retrain (by hand)")
