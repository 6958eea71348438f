"""Nights killed with -9 at seeded instants, and run again: the same result as an undisturbed night, at most one batch computed again.

The victim is the night's process, the process that annotates, Prefect's server, its worker, Label Studio or PostgreSQL, all of them real.
The night is that of `onrecord nightly` (where the worker is killed: of a deployment) with small stories and batches, so that instants fall
everywhere. Each instant is kept in `night_faults.json` as soon as it is over; run again, those that went well are not tried again.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))
from benchmarks.fault_servers import START, VICTIMS, World, gone, kill, until, world_of  # noqa: E402

RESULTS = HERE / "night_faults.json"
STORIES, BATCH = 16, 8
AGAIN = 6
"""Runs after the killed one in which the night must come to its end."""
PATIENCE = 600.0
WHO = ("Police", "The minister", "The opposition leader", "A spokesman", "Ann Li", "The union")
WHAT = ("it had rained", "prices would fall", "the vote was stolen", "nobody was hurt", "the talks had failed", "the road was open")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Instant:
    """When who is killed. share: of an undisturbed night's length; whole: with the worker its night dies too."""

    number: int
    victim: str
    share: float
    whole: bool


@dataclass(frozen=True)
class Outcome:
    """What became of it. station: where the night was; runs: further ones; again: stories computed again; wrong: empty if all is well."""

    number: int
    victim: str
    seconds: float
    station: str
    runs: int
    again: int
    wrong: str


def instants(count: int, seed: int, victims: list[str]) -> Iterator[Instant]:
    """The first so many of a seed."""
    rng = random.Random(seed)
    for number in range(count):
        yield Instant(number, rng.choice(victims), rng.random(), rng.random() < 0.5)


def write_wire(folder: Path) -> None:
    """Small stories, each with two claims."""
    rng = random.Random(8)
    folder.mkdir()
    for number in range(STORIES):
        lines = [f"{rng.choice(WHO)} said on Monday that {rng.choice(WHAT)} in district {number}." for _ in range(2)]
        (folder / f"{number:02d}.txt").write_text("\n\n".join(lines), encoding="utf-8")


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

    @property
    def environment(self) -> dict[str, str]:
        """What a night of this trial is told."""
        return {
            "ONRECORD_DATA": str(self.folder),
            "ONRECORD_STORE_URL": self.url,
            "ONRECORD_WIRE": str(self.world.home / "wire"),
            "ONRECORD_WORKERS": "2",
            "ONRECORD_LABEL_STUDIO_URL": self.world.studio_url,
            "ONRECORD_LABEL_STUDIO_TOKEN": self.world.token,
            "ONRECORD_FAULT_TITLE": self.title,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        } | ({} if self.world.plain else {"PREFECT_API_URL": self.world.prefect_url})

    def start(self) -> subprocess.Popen[bytes]:
        """A night in a process of its own."""
        command = [sys.executable, str(HERE / "fault_night.py"), str(self.world.home / "wire"), *(["--plain"] if self.world.plain else [])]
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen(command, env=os.environ | self.environment, cwd=ROOT, stdout=said, stderr=said)

    def schedule(self) -> str:
        """A night that Prefect's worker starts; gives its run."""
        wanted = {"job_variables": {"env": self.environment, "working_dir": str(ROOT)}}
        return ask(self.world, "POST", f"/deployments/{self.world.deployment}/create_flow_run", json=wanted)["id"]

    def pids(self) -> list[int]:
        """The processes of all nights so far, as they set them down themselves."""
        path = self.folder / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def station(self) -> str:
        """Where the newest night is or was."""
        from flows.store import Store

        with contextlib.suppress(Exception):  # PostgreSQL is just down
            store = Store(self.url)
            rows = store.nights(1)
            store.engine.dispose()
            return f"{rows[0].station} ({rows[0].state})" if rows else "not begun"
        return "unknown"

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


def ask(world: World, method: str, path: str, **what: Any) -> Any:
    """Prefect's answer; asked again while its database is busy."""
    deadline = time.monotonic() + 120
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.request(method, world.prefect_url + path, timeout=60, **what)
            if answer.status_code < 500:
                return answer.raise_for_status().json() if answer.content else None
        if time.monotonic() > deadline:
            raise TimeoutError(f"Prefect does not answer {method} {path}")
        time.sleep(0.5)


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


def disturb(trial: Trial, instant: Instant, seconds: float) -> tuple[str, int]:
    """Kills the victim so many seconds into a night, then runs nights until one comes to its end. Gives where it was, and how many."""
    if instant.victim == "worker":
        return _disturb_scheduled(trial, instant, seconds)
    night = trial.start()
    with contextlib.suppress(subprocess.TimeoutExpired):
        night.wait(seconds)
    if instant.victim == "night":
        night.kill()
    elif instant.victim == "annotator":
        _kill_annotator(night.pid)
    else:
        kill(trial.world, instant.victim)
    down = instant.victim == "postgres"  # cannot be asked before it runs again
    station = "" if down else trial.station()
    if instant.victim in START:
        START[instant.victim](trial.world)
    station = trial.station() if down else station
    night.wait(PATIENCE)
    return station, _until_done(trial, lambda: trial.start().wait(PATIENCE) == 0)


def _kill_annotator(night: int) -> None:
    children = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(night)], capture_output=True, text=True).stdout.splitlines()
    for pid in [int(line.split()[0]) for line in children if "recording.py" in line][:1]:
        os.kill(pid, signal.SIGKILL)


def _disturb_scheduled(trial: Trial, instant: Instant, seconds: float) -> tuple[str, int]:
    """The same by a deployment: the worker is killed, alone or with the night that it started, and started again."""
    world, run = trial.world, trial.schedule()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _state(world, run) not in _FINAL:
        time.sleep(0.05)
    victims = [world.pids["worker"], *(trial.pids() if instant.whole else [])]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os.waitpid(victims[0], 0)
    station = trial.station()
    if not trial.pids():
        ask(world, "DELETE", f"/flow_runs/{run}")  # not begun: it shall not begin beside the next
    until(lambda: all(gone(pid) for pid in trial.pids()), PATIENCE)  # a night that lost its worker goes on to its end
    START["worker"](world)
    return station, _until_done(trial, lambda: _completes(trial))


_FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")


def _state(world: World, run: str) -> str:
    return ask(world, "GET", f"/flow_runs/{run}")["state_type"]


def _completes(trial: Trial) -> bool:
    run = trial.schedule()
    until(lambda: _state(trial.world, run) in _FINAL, PATIENCE)
    until(lambda: all(gone(pid) for pid in trial.pids()), PATIENCE)
    return _state(trial.world, run) == "COMPLETED"


def _until_done(trial: Trial, night: Callable[[], bool]) -> int:
    for again in range(1, AGAIN + 1):
        if night():
            return again
    said = trial.folder / "said"
    raise AssertionError(f"no night came to its end: {said.read_text()[-3000:] if said.exists() else 'see the worker'}")


@app.command()
def run(
    count: Annotated[int, typer.Option("--instants", help="How many seeded instants.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of instants and victims.")] = 0,
    plain: Annotated[bool, typer.Option("--plain", help="Without servers: kill the night and its annotator only.")] = False,
    minutes: Annotated[float, typer.Option(help="Stop after so many minutes; run again to go on.")] = 600,
) -> None:
    """Kills nights at seeded instants and compares what they leave with an undisturbed night."""
    part = f"{'plain' if plain else 'servers'}, seed {seed}"
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    over = {row["number"]: row for row in kept.get(part, []) if not row["wrong"]}
    deadline = time.monotonic() + 60 * minutes
    template = ROOT / ".cache" / "label-studio-template-1.23.2"
    with tempfile.TemporaryDirectory(prefix="onrecord-faults-") as home, world_of(Path(home), plain=plain, template=template) as world:
        left = [instant for instant in instants(count, seed, world.victims) if instant.number not in over]
        for outcome in check(world, left, seed, say=lambda line: typer.echo(line, err=True)):
            over[outcome.number] = asdict(outcome)
            kept[part] = [over[number] for number in sorted(over)]
            RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            if time.monotonic() > deadline:
                break
    table()
    sys.exit(any(row["wrong"] for row in over.values()))


@app.command()
def table() -> None:
    """Prints the kept outcomes as Markdown."""
    for part, rows in json.loads(RESULTS.read_text(encoding="utf-8")).items():
        print(f"{part}: {len(rows)} instants\n")
        for line in lines(rows):
            print(line)


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The outcomes as Markdown: by victim how many, where the night was, the most further runs and stories computed again."""
    yield "| killed | instants | before it / intake / annotating / pushing / after it / not known | runs | computed again | wrong |"
    yield "|---|---:|---:|---:|---:|---:|"
    for victim in VICTIMS:
        mine = [row for row in rows if row["victim"] == victim]
        if mine:
            where = [
                sum(row["station"].startswith(begin) for row in mine) for begin in ("not begun", "intake", "annotate", "push (w", "unknown")
            ]
            cells = [*where[:4], len(mine) - sum(where), where[4]]
            runs, again = max(row["runs"] for row in mine), max(row["again"] for row in mine)
            wrong = sum(bool(row["wrong"]) for row in mine)
            yield f"| {victim} | {len(mine)} | {' / '.join(map(str, cells))} | {runs} | {again} of {BATCH} | {wrong} |"


def check(world: World, wanted: list[Instant], seed: int, say: Callable[[str], None]) -> Iterator[Outcome]:
    """What becomes of each instant, one after another."""
    write_wire(world.home / "wire")
    calm = trial_of(world, "calm")
    began = time.monotonic()
    assert calm.start().wait(PATIENCE) == 0, (calm.folder / "said").read_text()
    length, expected = time.monotonic() - began, calm.result()
    say(f"undisturbed: {length:.1f} s, {len(expected['claims'])} claims")
    for instant in wanted:
        seconds = length * instant.share * (2.5 if instant.victim == "worker" else 1)  # a worker needs a while to begin
        outcome = _one(trial_of(world, f"trial{seed}x{instant.number}"), instant, seconds, expected)
        say(f"{outcome.number}: {outcome.victim} killed after {outcome.seconds:.2f} s, {outcome.station}; {outcome.runs} more runs, "
            f"{outcome.again} stories computed again{'; WRONG: ' if outcome.wrong else ''}{outcome.wrong}")  # fmt: skip
        yield outcome


def _one(trial: Trial, instant: Instant, seconds: float, expected: dict[str, Any]) -> Outcome:
    station, runs, wrong = "", 0, ""
    try:
        station, runs = disturb(trial, instant, seconds)
        found = trial.result()
        wrong = ", ".join(f"{part} differ" for part in expected if found[part] != expected[part])
    except (AssertionError, TimeoutError, subprocess.TimeoutExpired) as error:
        wrong = f"{type(error).__name__}: {error}"[:2000]
    again = sum(times - 1 for times in trial.computed().values())
    if again > BATCH:
        wrong = f"{again} stories computed again; {wrong}"
    return Outcome(instant.number, instant.victim, round(seconds, 2), station, runs, again, wrong)


if __name__ == "__main__":
    app()
