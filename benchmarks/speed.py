"""How fast whole processes find attribution, and annotate with everything on, beside the plain way: the `transformers` pipeline, one
story after another, same weights.

`run` measures and keeps the figures with the machine's description; `table` prints them as Markdown. Each subject is a process of
its own, held to one core or two; start-up is the same process on one short story. Seconds are CPU seconds.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from annotators.windows import CONTEXT, SIZE

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "speed.json"
OVERLAP, WINDOW = 2 * CONTEXT, SIZE
"""Of the plain way, in pieces: what two neighbouring windows of ours share."""
FEW, MANY, CUT = 500, 10_000, 1000
"""Stories after which memory is read, and the characters of each that are annotated for it."""
FLOP_A_WORD = 23.6e6 * 1.285
"""Of a six-layer encoder 384 wide at windows of about 250 pieces, 1.285 pieces a word; what windows share is not counted."""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def muc3(folder: Path) -> list[dict[str, str]]:
    """The stories of a folder of wire files, as `id` and `text`."""
    from schemas.readers import read_stories

    return [{"id": s.guid, "text": s.text} for p in sorted(folder.iterdir()) for s in read_stories(p.read_bytes(), p.name) if s.text]


def articles(path: Path) -> list[dict[str, str]]:
    """The articles of a JSON-lines file, as `id` and `text`."""
    return [{"id": row["id"], "text": row["text"]} for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())]


def words(stories: list[dict[str, str]]) -> int:
    """Runs of characters between white space."""
    return sum(len(s["text"].split()) for s in stories)


def timed(command: list[str], cores: int) -> dict[str, float]:
    """CPU and wall seconds and peak memory (MB) of a process held to so many cores. Errors: what it printed, where it failed."""
    began = time.monotonic()
    env = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            preexec_fn=lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:]),
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        if status:
            errors.seek(0)
            raise SystemExit(f"{command[:4]} failed: {errors.read().decode(errors='replace')[-800:]}")
    return {"cpu": used.ru_utime + used.ru_stime, "wall": wall, "mb": used.ru_maxrss / 1024}


def subject(name: str, file: Path) -> list[str]:
    """The command that reads a file of stories."""
    if name == "everything":
        return [str(Path(sys.executable).with_name("onrecord")), "annotate", str(file), "--format", "jsonl"]
    if name == "attribution":
        return [sys.executable, str(HERE / "attribute.py"), str(file)]
    return [sys.executable, str(HERE / "plain.py"), str(file), str(WINDOW), str(OVERLAP)]


def measure(name: str, stories: list[dict[str, str]], cores: int, folder: Path, rounds: int) -> dict[str, Any]:
    """Medians over rounds of one subject on some stories, start-up taken off."""
    file, short = folder / "stories.jsonl", folder / "short.jsonl"
    file.write_text("".join(json.dumps(s) + "\n" for s in stories), encoding="utf-8")
    short.write_text(json.dumps({"id": "short", "text": "Police said that it rained."}) + "\n", encoding="utf-8")
    starts = [timed(subject(name, short), cores) for _ in range(rounds)]
    runs = [timed(subject(name, file), cores) for _ in range(rounds)]
    start, run = ({key: median(r[key] for r in rows) for key in rows[0]} for rows in (starts, runs))
    count = words(stories)
    return {
        "words": count,
        "start cpu": round(start["cpu"], 2),
        "start wall": round(start["wall"], 2),
        "cpu": round(run["cpu"], 2),
        "wall": round(run["wall"], 2),
        "peak mb": round(run["mb"]),
        "words a cpu-second": round(count / (run["cpu"] - start["cpu"])),
        "words a second": round(count / (run["wall"] - start["wall"])),
    }


def ceiling() -> float:
    """GFLOP/s of a matrix product of 4,096 square in 32 bits on one core (PyTorch), the best of five."""
    code = (
        "import torch, time; torch.set_num_threads(1); a = torch.randn(4096, 4096); b = torch.randn(4096, 4096); best = 9e9\n"
        "for _ in range(5):\n t = time.process_time(); a @ b; best = min(best, time.process_time() - t)\nprint(2 * 4096**3 / best / 1e9)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    return float(out.stdout)


def machine() -> dict[str, str]:
    """The machine in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    told = {key.strip(): value.strip() for key, value in told.items()}
    flags = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if f in told.get("flags", "").split()]
    return {
        "processor": told.get("model name", platform.processor()),
        "cores": str(os.cpu_count()),
        "instructions": " ".join(flags),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


def memory(stories: list[dict[str, str]], folder: Path) -> dict[str, float]:
    """Peak memory in MB of one process after a few and after many stories, each cut short."""
    file = folder / "many.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for n in range(MANY):
            out.write(json.dumps({"id": f"s{n}", "text": stories[n % len(stories)]["text"][:CUT]}) + "\n")
    code = (
        "import json, resource, sys\nfrom annotators.claims import annotate\nfrom annotators.models import load_model\n"
        "from schemas.story import Story\n"
        "def read():\n for line in open(sys.argv[1]):\n  row = json.loads(line)\n  yield Story(row['id'], 1, row['text'])\n"
        "for n, _ in enumerate(annotate(read(), load_model()), 1):\n"
        f" if n in ({FEW}, {MANY}): print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )
    out = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True, cwd=ROOT)
    few, many = map(float, out.stdout.split())
    return {"few": round(few), "many": round(many)}


@app.command()
def run(
    corpora: Annotated[Path, typer.Argument(help="Folder with wire/muc3 and polnear/dev.jsonl.")],
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, of which the medians are kept.")] = 3,
    plain_stories: Annotated[int, typer.Option(min=1, help="MUC-3 stories that the plain way reads, evenly strewn.")] = 200,
) -> None:
    """Measure and keep the figures in benchmarks/speed.json. Example: python benchmarks/speed.py run ../shared/corpora"""
    sets = {"muc3": muc3(corpora / "wire" / "muc3"), "polnear dev": articles(corpora / "polnear" / "dev.jsonl")}
    result: dict[str, Any] = {"when": datetime.now(UTC).strftime("%Y-%m-%d"), "machine": machine(), "rounds": rounds, "runs": {}}
    result["ceiling gflops"] = round(ceiling(), 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, said, stories, cores in _jobs(sets, plain_stories):
            print(f"{label}: {len(stories)} stories on {cores} core(s)", file=sys.stderr)
            result["runs"][label] = measure(said, stories, cores, folder, rounds)
            print(f"  {result['runs'][label]['words a cpu-second']} words a CPU-second", file=sys.stderr)
        print(f"memory: {MANY} stories", file=sys.stderr)
        result["memory mb"] = memory(sets["muc3"], folder)
    aside = RESULTS.with_suffix(".part")
    aside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    aside.replace(RESULTS)
    table()


def _jobs(sets: dict[str, list[dict[str, str]]], few: int) -> Iterator[tuple[str, str, list[dict[str, str]], int]]:
    for name, stories in sets.items():
        some = stories[:: max(1, len(stories) // few)][:few]
        yield f"plain pipeline, {name}, 1 core", "plain", some, 1
        yield f"attribution, {name}, same stories, 1 core", "attribution", some, 1
        if len(some) < len(stories):
            yield f"attribution, {name}, 1 core", "attribution", stories, 1
        yield f"attribution, {name}, 2 cores", "attribution", stories, 2
        yield f"everything, {name}, 1 core", "everything", stories, 1


@app.command()
def table() -> None:
    """Print the kept figures as Markdown. Example: python benchmarks/speed.py table"""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    print(f"{kept['when']}, {', '.join(f'{k}: {v}' for k, v in kept['machine'].items())}; medians of {kept['rounds']} rounds.\n")
    print("| subject | words | start-up, CPU s | CPU s | wall s | words a CPU-second | words a second | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    for label, r in kept["runs"].items():
        cells = (r["words"], r["start cpu"], r["cpu"], r["wall"], r["words a cpu-second"], r["words a second"], r["peak mb"])
        print(f"| {label} | {' | '.join(map(str, cells))} |")
    spent = {"plain": 0.0, "ours": 0.0}
    for name in ("muc3", "polnear dev"):
        rates = {label: r["words a cpu-second"] for label, r in kept["runs"].items() if f", {name}" in label}
        plain, same = rates[f"plain pipeline, {name}, 1 core"], rates[f"attribution, {name}, same stories, 1 core"]
        whole, everything = rates.get(f"attribution, {name}, 1 core", same), rates[f"everything, {name}, 1 core"]
        print(f"\nRatio to the plain way, {name}: {same / plain:.1f} on the same stories, {whole / plain:.1f} with ours over all of them.")
        print(f"With everything on {100 * everything / whole:.0f} % of attribution's rate.")
        words = kept["runs"][f"everything, {name}, 1 core"]["words"]
        spent = {"plain": spent["plain"] + words / plain, "ours": spent["ours"] + words / whole}
    print(f"\nOver all stories of both, at these rates: {spent['plain']:.0f} CPU s the plain way, {spent['ours']:.0f} ours, "
          f"{spent['plain'] / spent['ours']:.2f} times.")  # fmt: skip
    few, many = kept["memory mb"]["few"], kept["memory mb"]["many"]
    print(f"\nPeak memory after {FEW:,} stories {few} MB, after {MANY:,} {many} MB ({100 * (many / few - 1):+.1f} %).")
    best = max(r["words a cpu-second"] for label, r in kept["runs"].items() if "attribution" in label and "1 core" in label)
    flops = best * FLOP_A_WORD
    print(
        f"\nOne core multiplies matrices of 4,096 square at {kept['ceiling gflops']} GFLOP/s in 32 bits; {best:,} words a CPU-second are "
        f"{flops / 1e9:.0f} GFLOP/s of the encoder's own products, {100 * flops / 1e9 / kept['ceiling gflops']:.0f} % of that."
    )


if __name__ == "__main__":
    app()
