"""Memory and time of an export as it grows: synthetic reviewed claims, written as a dataset, each size in a process of its own.

python -m benchmarks.export_memory 100000 1000000
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from exports.claims_table import Row
from exports.dataset import write_dataset
from exports.manifest import Manifest
from exports.splits import SPLITS
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
        text = "\n\n".join(f"Speaker {k} of town {n} said that measure {n * k} would cost {n + k} million." for k in range(PER_STORY))
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


def one(count: int) -> dict[str, float]:
    """The peak of resident memory in MB, before and after, and what it took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    splits = {f"urn:bench:{n:07d}": SPLITS[n % 3] for n in range(count // PER_STORY)}
    manifest = Manifest("2026-03-08T00:00:00+00:00", "0", "g", splits=splits)
    began, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(rows(count), Path(folder) / "out", manifest)
        size = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())
    spent = {"seconds": round(time.monotonic() - began, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"claims": count, "before_mb": round(before), "peak_mb": round(peak), "written_mb": round(size / 2**20), **spent}


if __name__ == "__main__":
    if sys.argv[1] == "one":
        print(json.dumps(one(int(sys.argv[2]))))
    else:
        for count in sys.argv[1:]:
            subprocess.run([sys.executable, "-m", "benchmarks.export_memory", "one", count], check=True)
