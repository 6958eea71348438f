"""Attribution alone, to compare with the plain way: who says what, with probabilities; no speakers, no judgement of claims.

python benchmarks/attribute.py STORIES.jsonl
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from annotators.attribution import to_relation
from annotators.claims import CHUNK, calibrated
from annotators.finding import find
from annotators.models import Model, load_model


def attribute(chunk: list[dict[str, str]], model: Model) -> list[str]:
    """The stories' relations, a story a line."""
    lines = []
    for story, (reading, found) in zip(chunk, find([s["text"] for s in chunk], model.tokenizer, model.backend), strict=True):
        relations = [vars(to_relation(f, reading.pieces)) | {"score": calibrated(f.probability, model)} for f in found]
        lines.append(json.dumps({"id": story["id"], "relations": relations}))
    return lines


def main(path: str) -> None:
    """Prints each story's relations; as many threads as cores."""
    model, cores = load_model(), len(os.sched_getaffinity(0))
    with Path(path).open(encoding="utf-8") as lines, ThreadPoolExecutor(cores) as pool:
        stories = map(json.loads, lines)
        chunks = iter(lambda: list(itertools.islice(stories, max(1, CHUNK // cores))), [])
        for done in pool.map(lambda chunk: attribute(chunk, model), chunks):
            print("\n".join(done))


if __name__ == "__main__":
    main(sys.argv[1])
