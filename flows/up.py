"""`onrecord up`: everything on one box, kept running: Prefect's server, its worker with the deployments, Label Studio.

Each child's log and process lie under `data/prefect`; one that ends is started again; what an earlier `up` left is ended first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from flows.keeping import Child, KeptStudio
from flows.settings import ROOT, Settings, prepare_prefect
from schemas.errors import BadInput, Unavailable

Say = Callable[[str], None]
PREFECT = Path(sys.executable).with_name("prefect")
POOL = "onrecord"
_START = 600.0
"""Seconds that Prefect's server may take to answer: 10 on a quiet machine, minutes on one that is not."""


def run_up(settings: Settings, say: Say) -> None:
    """Starts everything and keeps it running until SIGTERM or Ctrl-C. Errors: Unavailable where something does not start."""
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    folder = settings.data / "prefect"
    children: list[Child | KeptStudio] = []
    try:
        _prepare(settings)
        if "PREFECT_API_URL" not in os.environ:
            children.append(_server(settings, folder, say))
        if settings.label_studio_url:
            say(f"Label Studio is elsewhere: {settings.label_studio_url}")
        else:
            children.append(studio := KeptStudio(settings, say))
            studio.start()
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
        children.append(child := Child("worker", worker, folder))
        child.end_leftover()
        child.start()
        say(f"up: nights run at 04:30 {settings.time_zone}; at once: prefect deployment run nightly/nightly; Ctrl-C ends everything")
        while not ended.wait(0.5):
            for kept in children:
                kept.keep(time.monotonic(), say)
    finally:
        for kept in reversed(children):
            kept.end()


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
