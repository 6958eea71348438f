"""The real servers that nights meet when they are killed: started on loopback, killed whole with -9, started again with what they had."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
STUDIO = ROOT / ".venv-label-studio" / "bin" / "label-studio"
PREFECT = Path(sys.executable).with_name("prefect")
VICTIMS = ("night", "annotator", "prefect", "studio", "postgres", "worker")
POOL = "faults"


@dataclass
class World:
    """The real servers, and where a night finds them. Without Prefect and Label Studio where `plain`."""

    home: Path
    plain: bool
    pids: dict[str, int] = field(default_factory=dict)
    postgres: Path | None = None
    prefect_url: str = ""
    deployment: str = ""
    studio_url: str = ""
    token: str = ""

    @property
    def victims(self) -> list[str]:
        """Who can be killed here."""
        return [v for v in VICTIMS if v in ("night", "annotator") or v in self.pids]


def start_prefect(world: World) -> None:
    """Prefect's server, on the port that it had before."""
    if not world.prefect_url:
        with socket.create_server(("127.0.0.1", 0)) as free:
            world.prefect_url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    port = world.prefect_url.split(":")[2].split("/")[0]
    command: list[str | Path] = [PREFECT, "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", port]
    world.pids["prefect"] = _start(world, "prefect", command)

    def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{world.prefect_url}/health", timeout=5).status_code == 200
        return False

    until(answers, 300)


def start_worker(world: World) -> None:
    """Prefect's worker, which starts the nights of a deployment in processes of their own."""
    if not world.deployment:
        world.deployment = _deploy(world)
    command: list[str | Path] = [PREFECT, "worker", "start", "--pool", POOL, "--type", "process", "--install-policy", "never"]
    world.pids["worker"] = _start(world, "worker", command)


def _deploy(world: World) -> str:
    """A work pool and a deployment of the nights of `benchmarks.fault_night`; gives its id."""
    made = [PREFECT, "work-pool", "create", POOL, "--type", "process"]
    subprocess.run(made, env=_environment(world), check=True, capture_output=True, timeout=300)
    with httpx.Client(base_url=world.prefect_url, timeout=60) as client:
        flow = client.post("/flows/", json={"name": "nightly"}).json()["id"]
        wanted = {
            "name": "faults",
            "flow_id": flow,
            "entrypoint": "benchmarks.fault_night.nightly",
            "path": str(ROOT),
            "work_pool_name": POOL,
        }
        return client.post("/deployments/", json=wanted).raise_for_status().json()["id"]


def _start(world: World, name: str, command: list[str | Path]) -> int:
    with (world.home / f"{name}.log").open("a") as log:
        return subprocess.Popen(command, env=_environment(world), cwd=ROOT, stdout=log, stderr=log, start_new_session=True).pid


def _environment(world: World) -> dict[str, str]:
    return os.environ | {
        "PREFECT_HOME": str(world.home / "prefect"),
        "PREFECT_API_URL": world.prefect_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": str(ROOT),
    }


def start_studio(world: World) -> None:
    """Label Studio, on the port that it had before."""
    from flows.studio_server import ensure_running

    server = ensure_running(world.home / "label-studio", STUDIO, say=lambda _: None)
    world.studio_url, world.token, world.pids["studio"] = server.url, server.token, server.pid


def start_postgres(world: World) -> None:
    """PostgreSQL, with what it had before; its shared memory may take a moment to go."""
    assert world.postgres is not None
    options = f"-k {world.postgres} -c listen_addresses="
    for attempt in range(20):
        try:
            _pg(world, "pg_ctl", "start", "-w", "-t", "60", "-D", str(world.postgres / "data"), "-o", options)
            break
        except subprocess.CalledProcessError:
            if attempt == 19:
                raise
            time.sleep(0.5)
    world.pids["postgres"] = int((world.postgres / "data" / "postmaster.pid").read_text().split()[0])


def make_postgres(world: World) -> None:
    """A PostgreSQL cluster of our own, where Debian's package is there; root runs it as the user `postgres`."""
    if not sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return
    world.postgres = Path(tempfile.mkdtemp(prefix="onrecord-pg-"))
    if os.geteuid() == 0:
        shutil.chown(world.postgres, "postgres", "postgres")
    _pg(world, "initdb", "-D", str(world.postgres / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    start_postgres(world)


def _pg(world: World, program: str, *arguments: str) -> None:
    assert world.postgres is not None
    path = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))[-1]
    user: Any = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with (world.home / "postgres.log").open("a") as log:
        subprocess.run(
            [path, *arguments], cwd=world.postgres, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=90, **user
        )


START = {"prefect": start_prefect, "studio": start_studio, "postgres": start_postgres, "worker": start_worker}


@contextlib.contextmanager
def world_of(home: Path, *, plain: bool, template: Path | None = None) -> Iterator[World]:
    """The servers, ended afterwards, by SIGTERM too. template: a Label Studio folder to begin with, to save its first start's minute."""
    world = World(home, plain)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if not plain:
            if template and template.exists():
                shutil.copytree(template, home / "label-studio")
            make_postgres(world)
            start_prefect(world)
            start_studio(world)
            start_worker(world)
        yield world
    finally:
        for victim in reversed(world.pids):
            kill(world, victim)
        signal.signal(signal.SIGTERM, before)
        if world.postgres:
            shutil.rmtree(world.postgres, ignore_errors=True)


def kill(world: World, victim: str) -> None:
    """Ends a server and its children with -9, and waits until all are gone: PostgreSQL does not start beside its own leftovers."""
    root = world.pids[victim]
    below = subprocess.run(["ps", "-o", "pid=", "--ppid", str(root)], capture_output=True, text=True).stdout.split()
    pids = [root, *map(int, below)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if victim != "postgres":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(root, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(root, 0)
    until(lambda: all(gone(pid) for pid in pids), 30)


def gone(pid: int) -> bool:
    """Whether no process of this number runs any more."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def until(condition: Callable[[], object], seconds: float) -> None:
    """Waits until something holds. Errors: TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.05)
