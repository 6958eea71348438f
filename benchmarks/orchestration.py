"""What Prefect adds to a night: the same night of 10,000 stories with and without it, by an annotator that takes a known time.

The annotator waits and stores no claims, so that what is left is the store, the batches and Prefect: its client in the night's process and
a server of its own on SQLite, as `onrecord up` has it. `run` measures in turn and keeps the figures; `table` holds them against what
annotation takes by `growth.json`.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))
RESULTS, GROWTH = HERE / "orchestration.json", HERE / "growth.json"
WAIT = 0.01
"""Seconds that the annotator takes for a story."""
WORKERS = 2
TICKS = os.sysconf("SC_CLK_TCK")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def fill(data: Path, count: int) -> None:
    """A store with so many stories that wait."""
    from flows.store import Store
    from schemas.story import Story

    store = Store(f"sqlite:///{data / 'onrecord.db'}")
    for at in range(0, count, 500):
        some = [
            Story(f"urn:bench:{n}", 1, f"Police said on Monday that it had rained in district {n}.")
            for n in range(at, min(at + 500, count))
        ]
        store.add_stories(some, "2026-03-08T04:00:00+00:00")
    store.engine.dispose()


def waits(keys: list[tuple[str, int]], work: Any) -> Any:
    """What stands in for a batch's annotation: it takes its time and stores that the stories are done."""
    from flows.batches import Batched, opened

    store = opened(work.store)
    for key in keys:
        time.sleep(WAIT)
        store.add_claims(store.story(*key), [])
    return Batched(stories=len(keys))


@app.command(hidden=True)
def night(mode: str) -> None:
    from flows import nightly, shift
    from flows.settings import load_settings, prepare_prefect

    settings = load_settings()
    prepare_prefect(settings)
    shift.annotate_batch = nightly.annotate_batch = waits  # type: ignore[assignment]
    empty = settings.data / "wire"
    wanted = shift.Shift(settings, [empty], None, say=lambda _: None)
    began = time.monotonic(), time.process_time()
    done = nightly.run_shift(wanted) if mode == "with" else shift.work_night(wanted, shift.on_threads(settings.workers))
    print(json.dumps({"stories": done.annotated, "wall": time.monotonic() - began[0], "cpu": time.process_time() - began[1]}))


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@app.command()
def run(
    stories: Annotated[int, typer.Option(help="Stories in the night.")] = 10_000,
    repeat: Annotated[int, typer.Option(help="Nights of each kind, in turn.")] = 3,
) -> None:
    """Measures nights with and without Prefect, in turn."""
    from benchmarks.fault_servers import World, kill, start_prefect
    from flows.settings import Settings, prepare_prefect

    rows: list[dict[str, Any]] = []
    home = Path(tempfile.mkdtemp(prefix="onrecord-orchestration-"))
    world = World(home, plain=False)
    try:
        prepare_prefect(Settings(data=home, _env_file=None))
        start_prefect(world)
        (home / "filled").mkdir()
        fill(home / "filled", stories)
        for number in range(2 * repeat):
            rows.append(_one(world, home / str(number), ("without", "with")[number % 2]))
            typer.echo(json.dumps(rows[-1]), err=True)
            kept = {"stories": stories, "wait": WAIT, "measured": datetime.now(UTC).date().isoformat(), "nights": rows}
            RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    finally:
        if "prefect" in world.pids:
            kill(world, "prefect")
        shutil.rmtree(home, ignore_errors=True)
    table()


def _one(world: Any, data: Path, mode: str) -> dict[str, Any]:
    shutil.copytree(world.home / "filled", data)
    (data / "wire").mkdir()
    env = os.environ | {"ONRECORD_DATA": str(data), "ONRECORD_WORKERS": str(WORKERS), "PREFECT_API_URL": world.prefect_url}
    before = cpu_of(world.pids["prefect"])
    done = subprocess.run([sys.executable, __file__, "night", mode], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    last = -1.0
    while (now := cpu_of(world.pids["prefect"])) - last > 0.1:  # what the server still writes down belongs to the night
        last = now
        time.sleep(2)
    shutil.rmtree(data)
    return {"mode": mode, "server_cpu": now - before} | json.loads(done.stdout.splitlines()[-1])


@app.command()
def table() -> None:
    """Prints the kept figures, and Prefect's share of a night, as Markdown."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))

    def median(mode: str, name: str) -> float:
        return statistics.median(row[name] for row in kept["nights"] if row["mode"] == mode)

    print("| night | wall seconds | CPU seconds, the night's process | CPU seconds, Prefect's server |\n|---|---:|---:|---:|")
    for mode in ("without", "with"):
        cells = " | ".join(f"{median(mode, name):.1f}" for name in ("wall", "cpu", "server_cpu"))
        print(f"| {kept['stories']:,} stories {mode} Prefect | {cells} |")
    wall = median("with", "wall") - median("without", "wall")
    cpu = sum(median("with", name) - median("without", name) for name in ("cpu", "server_cpu"))
    nights = json.loads(GROWTH.read_text(encoding="utf-8"))["nights"].values()
    largest = max(nights, key=lambda night: night["stories"])
    annotate = next(s for s in largest["stations"] if s["name"] == "annotate")
    needed = annotate["cpu_seconds"] / annotate["done"] * kept["stories"]
    least = needed / WORKERS
    print(f"\nPrefect adds {wall:.1f} s of wall time and {cpu:.1f} CPU seconds. Annotating as many stories takes {needed:,.0f} CPU seconds")
    print(f"(by the night of {largest['stories']:,}), at least {least:,.0f} s on {WORKERS} cores. Prefect's share of the CPU time is")
    print(f"{100 * cpu / (needed + cpu):.1f} %, of the wall time {100 * cpu / (least + cpu):.1f} % if none of it runs beside annotation.")


if __name__ == "__main__":
    app()
