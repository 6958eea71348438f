"""How fast the wire is read into the store, and how well and fast near-duplicates are found. `make intake`, part of `make bench`.

python benchmarks/intake.py CORPORA        intake speed, precision and recall on pairs made from MUC-3, search over 100,000 stories

On one core; the figures are kept in benchmarks/intake.json, with the machine.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from speed import machine

from flows.night import Night, take_in
from flows.store import Store
from schemas.likeness import ALIKE, PERMUTATIONS, nearest, signature
from schemas.readers import read_stories

NOW = "2026-03-04T02:00:00+00:00"
STORIES, ROUNDS = 2_000, 3
RESULTS = Path(__file__).resolve().with_suffix(".json")


def texts(corpora: Path) -> list[str]:
    return [read_stories(f.read_bytes(), f.name)[0].text for f in sorted((corpora / "wire" / "muc3").glob("*.xhtml"))]


# Intake


def newsml(number: int, text: str) -> tuple[str, str]:
    paragraphs = "".join(f"<p>{p.replace('&', '&amp;').replace('<', '&lt;')}</p>" for p in text.split("\n\n"))
    return f"{number}.xml", (
        f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x:{number}" version="1" xml:lang="en"><itemMeta>'
        '<itemClass qcode="ninat:text"/><provider literal="x"/><versionCreated>2026-03-03T09:30:00Z</versionCreated>'
        '<pubStatus qcode="stat:usable"/></itemMeta><contentMeta><urgency>4</urgency><subject qcode="medtop:1"><name>a</name></subject>'
        f"<headline>Story {number}</headline></contentMeta><contentSet><inlineXML><html xmlns='http://www.w3.org/1999/xhtml'><body>"
        f"{paragraphs}</body></html></inlineXML></contentSet></newsItem>"
    )


def ninjs(number: int, text: str) -> tuple[str, str]:
    item = {
        "uri": f"urn:x:{number}",
        "version": "1",
        "versioncreated": "2026-03-03T09:30:00Z",
        "pubstatus": "usable",
        "headline": f"Story {number}",
    }
    return f"{number}.json", json.dumps(item | {"language": "en", "urgency": 4, "body_text": text})


def plain(number: int, text: str) -> tuple[str, str]:
    return f"{number}.txt", text


def intake(found: list[str]) -> dict[str, Any]:
    kept = {}
    print("| format | stories a second, wall | stories a CPU second |\n|---|---|---|")
    for write in (newsml, ninjs, plain):
        with tempfile.TemporaryDirectory() as folder:
            wire = Path(folder) / "wire"
            wire.mkdir()
            for number in range(STORIES):
                # each a story of its own: its number in it, so that none is another's duplicate
                name, content = write(number, f"{found[number % len(found)]}\n\nNumber {number}.")
                (wire / name).write_text(content)
            rates = [timed(lambda at=at, wire=wire, folder=folder: read(wire, Path(folder) / f"{at}.db")) for at in range(ROUNDS)]
        wall, cpu = (statistics.median(r[n] for r in rates) for n in (0, 1))
        print(f"| {write.__name__} | {STORIES / wall:,.0f} | {STORIES / cpu:,.0f} |")
        kept[write.__name__] = {"stories a second": round(STORIES / wall), "stories a cpu-second": round(STORIES / cpu)}
    return kept


def read(wire: Path, database: Path) -> None:
    store, night = Store(f"sqlite:///{database}"), Night()
    store.link = lambda: 0  # type: ignore[method-assign]  # near-duplicates are measured for themselves
    take_in([wire], store, NOW, night)
    assert night.stories_new == STORIES, night
    store.engine.dispose()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


# Near-duplicates


def variants(text: str, other: str, rng: random.Random) -> dict[str, str]:
    """What a second feed makes of a story."""
    paragraphs, theirs = text.split("\n\n"), other.split("\n\n")
    lead = paragraphs[0].split()
    return {
        "another dateline": "\n\n".join([f"PORT, 4 MAR (OTHER) -- {paragraphs[0].partition(' -- ')[2] or paragraphs[0]}", *paragraphs[1:]]),
        "lead rewritten": "\n\n".join([" ".join(rng.sample(lead, len(lead))), *paragraphs[1:]]),
        "one paragraph more": "\n\n".join([*paragraphs[:1], rng.choice(theirs), *paragraphs[1:]]),
        "last quarter cut": "\n\n".join(paragraphs[: max(1, -(-len(paragraphs) * 3 // 4))]),
        "lower case, other quotes": text.lower().replace('"', "“"),
    }


def duplicates(found: list[str]) -> dict[str, Any]:
    rng = random.Random(7)
    long = [t for t in found if len(t.split("\n\n")) >= 4]
    chosen = rng.sample(long, 200)
    base = np.array([signature(t) for t in found])
    hits: dict[str, int] = {}
    for text in chosen:
        for kind, variant in variants(text, rng.choice(found), rng).items():
            pair = nearest(np.vstack([base, signature(variant)]), len(base))
            hits[kind] = hits.get(kind, 0) + bool(pair and found[pair[0][1]] == text)
    print("\n| what the second feed made of it | found of 200 |\n|---|---|")
    print("\n".join(f"| {kind} | {n} |" for kind, n in hits.items()))
    said = nearest(base)
    shingles = [set(zip(w, w[1:], w[2:], strict=False)) for t in found for w in [t.casefold().split()]]
    true = sum(len(shingles[a] & shingles[b]) / len(shingles[a] | shingles[b]) >= ALIKE - 0.1 for a, b, _ in said)
    counted = f"{true} of them share at least {ALIKE - 0.1:.0%} of their shingles, counted"
    print(f"\nAmong the {len(found)} stories themselves {len(said)} were linked; {counted}.")
    return {"found of 200": hits, "stories": len(found), "linked": len(said), "linked and alike": true}


def search(found: list[str]) -> dict[str, Any]:
    rng, paragraphs = random.Random(11), [p for t in found for p in t.split("\n\n")]
    begun = time.process_time()
    made = np.array([signature("\n\n".join(rng.sample(paragraphs, 6))) for _ in range(5_000)], np.uint32)
    each = (time.process_time() - begun) / 5_000
    # 100,000 signatures: those, with most of their values drawn anew
    noise = np.random.default_rng(3)

    def other() -> np.ndarray:
        return np.where(noise.random(made.shape) < 0.6, noise.integers(0, 2**32, made.shape, np.uint32), made)

    many = np.vstack([other() for _ in range(20)])
    assert many.shape == (100_000, PERMUTATIONS)
    wall, cpu = timed(lambda: nearest(many, 0))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nA signature takes {each * 1000:.2f} ms. All of 100,000 stories against each other: {wall:.1f} s wall, {cpu:.1f} s CPU;")
    print(f"the most memory that this process had: {peak:.0f} MB.")
    kept = {"signature ms": round(each * 1000, 2), "all wall s": round(wall, 1), "all cpu s": round(cpu, 1), "peak mb": round(peak)}
    wall, cpu = timed(lambda: nearest(many, 99_000))
    print(f"The last 1,000 against 99,000 before them: {wall:.1f} s wall, {cpu:.1f} s CPU.")
    return kept | {"last 1,000 wall s": round(wall, 1), "last 1,000 cpu s": round(cpu, 1)}


if __name__ == "__main__":
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    corpus = texts(Path(sys.argv[1]))
    result = {"when": datetime.now(UTC).strftime("%Y-%m-%d"), "machine": machine(), "rounds": ROUNDS, "stories": STORIES}
    result |= {"intake": intake(corpus), "near-duplicates": duplicates(corpus), "search over 100,000": search(corpus)}
    aside = RESULTS.with_suffix(".part")
    aside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    aside.replace(RESULTS)
