"""Nights killed with -9 at seeded instants, and run again: the same result as an undisturbed night, at most one batch computed again.

The victim is the night's process, the process that annotates, Prefect's server, Label Studio or PostgreSQL, all of them real. The night
is the one that `onrecord nightly` runs, with small stories and batches of four, so that instants fall everywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STUDIO = ROOT / ".venv-label-studio" / "bin" / "label-studio"
VICTIMS = ("night", "annotator", "prefect", "studio", "postgres")
STORIES, BATCH = 16, 8
AGAIN = 4
"""Runs after the killed one in which the night must come to its end."""
WHO = ("Police", "The minister", "The opposition leader", "A spokesman", "Ann Li", "The union")
WHAT = ("it had rained", "prices would fall", "the vote was stolen", "nobody was hurt", "the talks had failed", "the road was open")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

RECORDING = """
import sys, json
from flows import annotating
real = annotating.annotate
def annotate(stories, model):
    with open(sys.argv[2], "a") as file:
        file.write(" ".join(story.guid for story in stories) + "\\n")
    return real(stories, model)
annotating.annotate = annotate
annotating.main(sys.argv[1])
"""


@dataclass
class World:
    """The real servers, and where a night finds them. Without Prefect and Label Studio where `plain`."""

    home: Path
    plain: bool
    pids: dict[str, int] = field(default_factory=dict)
    postgres: Path | None = None
    prefect_url: str = ""
    studio_url: str = ""
    token: str = ""

    @property
    def victims(self) -> list[str]:
        """Who can be killed here."""
        return [v for v in VICTIMS if v in ("night", "annotator") or v in self.pids]


def write_wire(folder: Path) -> None:
    """Small stories, each with two claims."""
    rng = random.Random(8)
    folder.mkdir()
    for number in range(STORIES):
        lines = [f"{rng.choice(WHO)} said on Monday that {rng.choice(WHAT)} in district {number}." for _ in range(2)]
        (folder / f"{number:02d}.txt").write_text("\n\n".join(lines), encoding="utf-8")


# Servers


def start_prefect(world: World) -> None:
    """Prefect's server, on the port that it had before."""
    if not world.prefect_url:
        with socket.create_server(("127.0.0.1", 0)) as free:
            world.prefect_url = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    port = world.prefect_url.split(":")[2].split("/")[0]
    env = os.environ | {"PREFECT_HOME": str(world.home / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    command = [Path(sys.executable).with_name("prefect"), "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", port]
    with (world.home / "prefect.log").open("a") as log:
        world.pids["prefect"] = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True).pid
    import httpx

    def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{world.prefect_url}/health", timeout=5).status_code == 200
        return False

    _until(answers, 180)


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


START = {"prefect": start_prefect, "studio": start_studio, "postgres": start_postgres}


@contextlib.contextmanager
def world_of(home: Path, *, plain: bool, template: Path | None = None) -> Iterator[World]:
    """The servers, ended afterwards. template: a Label Studio folder to begin with, which saves its first start's minute."""
    world = World(home, plain)
    try:
        if not plain:
            if template and template.exists():
                shutil.copytree(template, home / "label-studio")
            make_postgres(world)
            start_prefect(world)
            start_studio(world)
        yield world
    finally:
        for victim in list(world.pids):
            kill(world, victim)
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
    _until(lambda: all(_zombie(pid) for pid in pids), 30)


def _zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def _until(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.05)


# A night, killed or not


@dataclass
class Trial:
    """One store of its own, on the world's servers."""

    world: World
    folder: Path
    url: str

    @property
    def title(self) -> str:
        """The Label Studio project of this trial."""
        return f"trial {self.folder.name}"

    def start(self) -> subprocess.Popen[bytes]:
        """A night in a process of its own."""
        env = os.environ | {
            "ONRECORD_DATA": str(self.folder),
            "ONRECORD_STORE_URL": self.url,
            "ONRECORD_WORKERS": "2",
            "ONRECORD_LABEL_STUDIO_URL": self.world.studio_url,
            "ONRECORD_LABEL_STUDIO_TOKEN": self.world.token,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }
        if not self.world.plain:
            env["PREFECT_API_URL"] = self.world.prefect_url
        command = [sys.executable, str(HERE / "night_faults.py"), "night", str(self.world.home / "wire"), str(self.folder), self.title]
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen([*command, *(["--plain"] if self.world.plain else [])], env=env, cwd=ROOT, stdout=said, stderr=said)

    def result(self) -> dict[str, Any]:
        """What a night leaves: of the store all but times and task ids, of Label Studio the keys."""
        import sqlalchemy as sa

        from flows.store import Store
        from flows.studio import Studio
        from flows.tables import claims, stories, tasks
        from schemas.studio_config import labeling_config

        store = Store(self.url)
        with store.engine.connect() as db:
            found: dict[str, Any] = {
                "stories": sorted(map(tuple, db.execute(sa.select(stories.c.guid, stories.c.version, stories.c.state, stories.c.reason)))),
                "claims": sorted((r.key, r.by, json.dumps(r.payload, sort_keys=True)) for r in db.execute(sa.select(claims))),
                "tasks": sorted(map(tuple, db.execute(sa.select(tasks.c.key, tasks.c.version, tasks.c.by, tasks.c.state)))),
            }
        store.engine.dispose()
        if not self.world.plain:
            with Studio(self.world.studio_url, self.world.token, title=self.title) as studio:
                project = studio.ensure_project(self.title, labeling_config())
                found["studio"] = sorted(task["data"]["key"] for task in studio.annotated(project))
        return found

    def computed(self) -> Counter[str]:
        """How often each story was given to a model."""
        path = self.folder / "computed"
        return Counter(path.read_text().split()) if path.exists() else Counter()


def trial_of(world: World, name: str) -> Trial:
    """A trial with an empty store: on PostgreSQL where there is one."""
    folder = world.home / name
    folder.mkdir()
    if world.postgres is None:
        return Trial(world, folder, f"sqlite:///{folder / 'onrecord.db'}")
    import psycopg

    with psycopg.connect(host=str(world.postgres), user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return Trial(world, folder, f"postgresql+psycopg://postgres@/{name}?host={world.postgres}")


def disturb(trial: Trial, victim: str, after: float) -> int:
    """Starts a night, kills the victim so many seconds later, and runs nights until one is undisturbed. Gives how many that took."""
    night = trial.start()
    with contextlib.suppress(subprocess.TimeoutExpired):
        night.wait(after)
    if victim == "night":
        night.kill()
    elif victim == "annotator":
        children = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(night.pid)], capture_output=True, text=True).stdout.splitlines()
        for pid in [int(line.split()[0]) for line in children if "recording.py" in line][:1]:
            os.kill(pid, signal.SIGKILL)
    else:
        kill(trial.world, victim)
        START[victim](trial.world)
    night.wait()
    for again in range(1, AGAIN + 1):
        if trial.start().wait() == 0:
            return again
    raise AssertionError(f"no night came to its end: {(trial.folder / 'said').read_text()[-3000:]}")


@app.command(hidden=True)
def night(wire: Path, folder: Path, title: str, plain: bool = False) -> None:
    from flows import batches, isolation
    from flows.settings import load_settings, prepare_prefect
    from flows.shift import Shift, on_threads, work_night
    from flows.studio import Studio

    script = folder / "recording.py"
    script.write_text(RECORDING)
    # the model folder comes before what is recorded, so a shell puts the record behind it
    isolation.COMMAND = ("/bin/sh", "-c", f'exec "{sys.executable}" "{script}" "$0" "{folder / "computed"}"')
    batches.BATCH = BATCH
    settings = load_settings()
    studio = None if plain else lambda: Studio(settings.label_studio_url, settings.token(), title=title)
    shift = Shift(settings, [wire], studio, say=print)
    if plain:
        done = work_night(shift, on_threads(settings.workers))
    else:
        prepare_prefect(settings)
        from flows.nightly import run_shift

        done = run_shift(shift)
    print(done.failures)
    sys.exit(bool(done.failures))


@app.command()
def run(
    instants: Annotated[int, typer.Option(help="How many seeded instants.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of instants and victims.")] = 0,
    plain: Annotated[bool, typer.Option("--plain", help="Without servers: kill the night and its annotator only.")] = False,
) -> None:
    """Kills nights at seeded instants and compares what they leave with an undisturbed night."""
    with tempfile.TemporaryDirectory(prefix="onrecord-faults-") as home:
        template = ROOT / ".cache" / "label-studio-template-1.23.2"
        with world_of(Path(home), plain=plain, template=template) as world:
            worst = check(world, instants, seed, say=lambda line: typer.echo(line, err=True))
    print(f"{instants} instants, the same result after each; at most {worst} stories of a batch of {BATCH} computed again")


def check(world: World, instants: int, seed: int, say: Any) -> int:
    """All instants. Gives how many stories at most were computed again. Errors: AssertionError where a result differs."""
    write_wire(world.home / "wire")
    calm = trial_of(world, "calm")
    began = time.monotonic()
    assert calm.start().wait() == 0, (calm.folder / "said").read_text()
    length, expected, worst = time.monotonic() - began, calm.result(), 0
    say(f"undisturbed: {length:.1f} s, {len(expected['claims'])} claims")
    rng = random.Random(seed)
    for number in range(instants):
        victim, after = rng.choice(world.victims), rng.uniform(0, length)
        trial = trial_of(world, f"trial{seed}x{number}")
        runs = disturb(trial, victim, after)
        twice = sum(times - 1 for times in trial.computed().values())
        say(f"{number}: {victim} killed after {after:.2f} s; {runs} more runs, {twice} stories computed again")
        found = trial.result()
        assert found == expected, f"{victim} at {after}: {[part for part in expected if found[part] != expected[part]]} differ"
        assert twice <= BATCH, f"{victim} at {after}: {twice} stories computed again"
        worst = max(worst, twice)
    return worst


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    app()
