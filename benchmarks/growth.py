"""Whole nights of growing size: stories and words a second by station, memory over time, database size.

`run` measures 200, 2,000 and 20,000 stories end to end (real wire stories, Label Studio included) and keeps the figures of each size as
soon as they are there; run again, it goes on with the sizes that are left. `table` prints them. Each night is a process of its own.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "growth.json"
SIZES = (200, 2_000, 20_000)
SEED = 8
STUDIO = ROOT / ".venv-label-studio" / "bin" / "label-studio"
EVERY = 0.5
"""Seconds between two looks at memory."""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def real_stories(corpora: Path) -> list[list[str]]:
    """The paragraphs of MUC-3's and PolNeAR's stories."""
    from benchmarks.speed import articles, muc3

    texts = [s["text"] for s in muc3(corpora / "wire" / "muc3")]
    texts += [s["text"] for name in ("train", "dev") for s in articles(corpora / "polnear" / f"{name}.jsonl")]
    return [paragraphs for text in texts if len(paragraphs := [p for p in text.split("\n\n") if p.strip()]) > 1]


def write_wire(corpora: Path, folder: Path, count: int) -> int:
    """Writes stories as ninjs files: the real ones in a seeded order, then their paragraphs mixed. Gives how many words."""
    rng = random.Random(SEED)
    real = real_stories(corpora)
    rng.shuffle(real)
    words = 0
    for number in range(count):
        paragraphs = real[number] if number < len(real) else [rng.choice(rng.choice(real)) for _ in range(len(rng.choice(real)))]
        text = "\n\n".join(paragraphs)
        words += len(text.split())
        item = {"uri": f"urn:bench:{number}", "type": "text", "headline": f"Story {number}", "body_text": text, "language": "en"}
        (folder / f"{number:06d}.json").write_text(json.dumps(item), encoding="utf-8")
    return words


def tree_mb(root: int) -> float:
    """Resident megabytes of a process and all below it."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
        except (OSError, ValueError):
            continue
    pids, total = [root], 0
    while pids:
        pid = pids.pop()
        pids += parents.get(pid, [])
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, ValueError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 1e6


class Watch(threading.Thread):
    """Memory of a process's tree over time."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.seen, self.done = pid, [], threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        while not self.done.wait(EVERY):
            self.seen.append((time.monotonic() - began, tree_mb(self.pid)))


def one_night(corpora: Path, count: int, *, push: bool) -> dict[str, Any]:
    """A night of so many stories in a process of its own, into an empty store and an empty Label Studio."""
    from flows.studio_server import ensure_running, stop

    home = Path(tempfile.mkdtemp(prefix="onrecord-growth-"))
    try:
        wire = home / "wire"
        wire.mkdir()
        words = write_wire(corpora, wire, count)
        env = os.environ | {"ONRECORD_DATA": str(home / "data"), "OMP_NUM_THREADS": "1", "ONRECORD_PASSAGES": "0"}
        if push:
            ensure_running(home / "data" / "label-studio", STUDIO, say=_said)
        command = [Path(sys.executable).with_name("onrecord"), "nightly", str(wire), *([] if push else ["--no-push"])]
        with (home / "said").open("w") as said:
            process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=said, stderr=said)
            watch = Watch(process.pid)
            watch.start()
            began = time.monotonic()
            status = process.wait()
            seconds = time.monotonic() - began
        watch.done.set()
        assert status == 0, (home / "said").read_text()[-2000:]
        return {"words": words, "wall_seconds": round(seconds, 1)} | _figures(home / "data", watch, count)
    finally:
        stop(home / "data" / "label-studio")
        shutil.rmtree(home, ignore_errors=True)


def _figures(data: Path, watch: Watch, count: int) -> dict[str, Any]:
    from flows.store import Store

    store = Store(f"sqlite:///{data / 'onrecord.db'}")
    page = store.nights(1)[0].page or {}
    with store.engine.connect() as db:
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.engine.dispose()
    studio = data / "label-studio" / "label_studio.sqlite3"
    quarter = [mb for at, mb in watch.seen if at > watch.seen[-1][0] * 0.5]
    return {
        "stories": count,
        "figures": page["figures"],
        "stations": page["stations"],
        "memory_mb": {
            "most": round(max(mb for _, mb in watch.seen)),
            "second half, least and most": [round(min(quarter)), round(max(quarter))],
        },
        "store_kb_a_story": round((data / "onrecord.db").stat().st_size / 1000 / count, 1),
        "studio_kb_a_story": round(studio.stat().st_size / 1000 / count, 1) if studio.exists() else None,
    }


def _said(line: str) -> None:
    typer.echo(line, err=True)


@app.command()
def run(
    corpora: Annotated[Path, typer.Argument(help="The folder of corpora.")],
    sizes: Annotated[
        list[int] | None, typer.Option("--size", help="Stories; may be given several times; default: 200, 2,000 and 20,000.")
    ] = None,
    push: Annotated[bool, typer.Option(help="Push to a Label Studio of its own.")] = True,
    most: Annotated[int, typer.Option(help="Leave larger sizes out.")] = max(SIZES),
    again: Annotated[bool, typer.Option("--again", help="Measure again what was measured.")] = False,
) -> None:
    """Measures nights of growing size and keeps the figures, each as soon as it is there."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["nights"] if RESULTS.exists() else {}
    for size in [size for size in sizes or SIZES if size <= most]:
        whole = str(size) in kept and not (push and kept[str(size)]["studio_kb_a_story"] is None)
        if whole and not again:
            _said(f"{size} stories: measured on {kept[str(size)]['measured']}; --again measures again")
            continue
        _said(f"{size} stories")
        figures = one_night(corpora, size, push=push) | {
            "cores": len(os.sched_getaffinity(0)),
            "measured": datetime.now(UTC).date().isoformat(),
        }
        _keep("nights", {str(size): figures})
        _said(json.dumps(figures))


@app.command()
def table() -> None:
    """Prints the kept figures as Markdown."""
    for line in lines(json.loads(RESULTS.read_text(encoding="utf-8"))):
        print(line)


def lines(kept: dict[str, Any]) -> Iterator[str]:
    """The tables, a line each."""
    nights = sorted(kept.get("nights", {}).values(), key=lambda night: night["stories"])
    yield "| | " + " | ".join(f"{n['stories']:,} stories" for n in nights) + " |"
    yield "|---|" + "---:|" * len(nights)
    for name, cell in CELLS.items():
        yield f"| {name} | " + " | ".join(cell(n) for n in nights) + " |"


def _station(name: str, night: dict[str, Any]) -> dict[str, Any]:
    return next((s for s in night["stations"] if s["name"] == name), {"seconds": 0, "cpu_seconds": 0, "memory_mb": 0, "done": 0})


def _rate(name: str, night: dict[str, Any]) -> str:
    station = _station(name, night)
    return f"{station['done'] / station['seconds']:,.0f}" if station["seconds"] else "-"


CELLS = {
    "words": lambda n: f"{n['words']:,}",
    "wall seconds, start to end": lambda n: f"{n['wall_seconds']:,.0f}",
    "intake: stories a second": partial(_rate, "intake"),
    "annotation: stories a second": partial(_rate, "annotate"),
    "annotation: words a wall second": lambda n: f"{n['figures']['words a second']:,.0f}",
    "annotation: words a CPU second": lambda n: f"{n['words'] / max(_station('annotate', n)['cpu_seconds'], 0.1):,.0f}",
    "push: tasks a second": partial(_rate, "push"),
    "tasks": lambda n: f"{n['figures']['tasks out']:,.0f}",
    "memory of all processes, MB, most": lambda n: f"{n['memory_mb']['most']:,}",
    "the same in the second half, least to most": lambda n: "{:,} to {:,}".format(*n["memory_mb"]["second half, least and most"]),
    "store, KB a story": lambda n: str(n["store_kb_a_story"]),
    "Label Studio's database, KB a story": lambda n: str(n["studio_kb_a_story"] or "-"),
}


def _keep(part: str, figures: dict[str, Any]) -> None:
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept.setdefault(part, {}).update(figures)
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    app()
