"""Memory and time of an export as it grows, each size in a process of its own.

python -m benchmarks.export_memory 100000 1000000           synthetic reviewed claims, written as a dataset
python -m benchmarks.export_memory --store 30000 100000     the same out of a store, with splits, near-duplicates and all
"""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from exports.claims_table import Row
from exports.dataset import write_dataset
from exports.manifest import Manifest
from exports.splits import SPLITS
from flows.exporting import export_reviews
from flows.store import Store
from schemas.claim import Choice, Claim, claim_keys
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story

PER_STORY = 10
"""Claims a story; each is reviewed by one person, every twentieth by two."""


def rows(count: int) -> Iterator[Row]:
    """So many reviewed claims, story by story, made as they are asked for."""
    number = 0
    for n in range(count // PER_STORY):
        guid = f"urn:bench:{n:07d}"
        words = random.Random(n)
        drawn = [" ".join(f"word{words.randrange(5000)}" for _ in range(12)) for _ in range(PER_STORY)]
        text = "\n\n".join(f"Speaker{k} of town {n} said that {drawn[k]}." for k in range(PER_STORY))
        story = Story(guid, 1, text, f"Story {n}", f"Agency {n % 12}", published=f"2026-{n % 12 + 1:02d}-{n % 28 + 1:02d}T00:00:00Z")
        at = 0
        for paragraph in text.split("\n\n"):
            said = paragraph.index(" said ")
            source, cue = (cut(text, at, at + said),), (cut(text, at + said + 1, at + said + 5),)
            content = (cut(text, at + said + 11, at + len(paragraph) - 1),)
            (key,) = claim_keys(guid, [(source, cue, content)])
            sure = Choice("government", 0.9)
            claim = Claim(key, guid, 1, True, content, cue, source, None, "indirect", "named", sure, None, None, 0.9, "model:x")
            passage = (at, at + len(paragraph))
            chosen = {"role": "government", "stance": ("government", "opposition", "neutral")[number % 3], "modality": "asserts"}
            base = Review(
                number * 2 + 1, key, 1, "ann", "2026-03-04T01:00:00Z", (claim,), chosen, (), "", 9.0, False, passage=passage, whole=True
            )
            yield story, claim, base
            if number % 20 == 0:
                yield story, claim, replace(base, annotation_id=number * 2 + 2, by="bob")
            number += 1
            at += len(paragraph) + 2


def fill(store: Store, count: int) -> None:
    """The same in a store; a tenth of the stories has a near-duplicate from another agency, to which decisions fan out."""
    batch: list[Review] = []
    for n, (_, its) in enumerate(itertools.groupby(rows(count), key=lambda row: row[0].guid)):
        story_rows = list(its)
        story = story_rows[0][0]
        twins = [replace(story, guid=f"{story.guid}-twin", agency="Twin", text=f"{story.text}\n\nMore follows.")] if n % 10 == 0 else []
        store.add_stories([story, *twins], "2026-03-04T00:00:00+00:00")
        batch += [review for *_, review in story_rows]
        store.add_claims(story, list({claim.key: claim for _, claim, _ in story_rows}.values()))
        if n % 500 == 499:
            store.link()
            store.add_reviews(batch, {})
            batch = []
    store.link()
    store.add_reviews(batch, {})


def from_store(count: int, folder: Path) -> Callable[[], object]:
    """What exports a store of so many claims; it is filled by another process, whose memory is not this one's."""
    os.environ |= {"ONRECORD_DATA": str(folder), "ONRECORD_STORE_URL": "", "TMPDIR": str(folder)}
    code = f"from benchmarks.export_memory import *; fill(Store('sqlite:///{folder}/onrecord.db'), {count})"
    subprocess.run([sys.executable, "-c", code], check=True)
    return lambda: export_reviews(folder / "out")


def from_rows(count: int, folder: Path) -> Callable[[], object]:
    """What writes so many rows as a dataset."""
    splits = {f"urn:bench:{n:07d}": SPLITS[n % 3] for n in range(count // PER_STORY)}
    return lambda: write_dataset(rows(count), folder / "out", Manifest("2026-03-08T00:00:00+00:00", "0", "g", splits=splits))


def one(count: int, *, store: bool) -> dict[str, float]:
    """The peak of resident memory in MB, before and after, and what it took."""
    with tempfile.TemporaryDirectory() as folder:
        work = (from_store if store else from_rows)(count, Path(folder))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        began, cpu = time.monotonic(), time.process_time()
        work()
        spent = {"seconds": round(time.monotonic() - began, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
        size = sum(p.stat().st_size for p in (Path(folder) / "out").rglob("*") if p.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"claims": count, "before_mb": round(before), "peak_mb": round(peak), "written_mb": round(size / 2**20), **spent}


if __name__ == "__main__":
    if sys.argv[1] == "one":
        print(json.dumps(one(int(sys.argv[-1]), store=sys.argv[2] == "--store")), flush=True)
    else:
        options = [arg for arg in sys.argv[1:] if arg == "--store"]
        for count in sys.argv[1 + len(options) :]:
            subprocess.run([sys.executable, "-m", "benchmarks.export_memory", "one", *options, count], check=True)
