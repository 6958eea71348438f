"""Claims of real wire stories that no training has read: how many the shipped judge is right about.

python benchmarks/held_wire.py ../shared/corpora/wire/muc3

The folder has the stories' texts; `annotators/claims/held/wire/muc3.jsonl` has the labels, by the texts' hashes, on the relations as the
shipped attribution found them. Prints accuracy and macro-F1 of each element, and what was said in place of what.
"""

from __future__ import annotations

import sys
from pathlib import Path

from annotators.claimset import Passage
from annotators.corpora import Article
from annotators.evaluation import GoldClaims, confusion, figures, judged
from annotators.judging import JUDGED
from annotators.models import load_model
from annotators.wire_labels import read_wire_labels
from flows.learning import CLAIMS
from schemas.readers import read_stories

LABELS = CLAIMS / "held" / "wire" / "muc3.jsonl"


def held(folder: Path) -> list[Passage]:
    """The labelled stories whose texts are in a folder."""
    paths = (path for path in sorted(folder.iterdir()) if path.is_file())
    return read_wire_labels(LABELS, [s.text for path in paths for s in read_stories(path.read_bytes(), path.name)])[0]


def main(folder: Path) -> None:
    """Prints the figures."""
    stories = [
        GoldClaims(Article(p.id, p.text, tuple(c.relation for c in p.claims)), [{n: c.labels.get(n) for n in JUDGED} for c in p.claims])
        for p in held(folder)
    ]
    model = load_model()
    rows = [pair for story in stories for pair in zip(story.labels, judged(story, model), strict=True)]
    print(f"{len(rows)} claims of {len(stories)} stories; model {model.revision}")
    for name in JUDGED:
        known = [(labels[name], said[name].label) for labels, said in rows if labels[name]]
        truth, said = [str(t) for t, _ in known], [str(s) for _, s in known]
        print(f"{name}: {figures(truth, said)} {confusion(truth, said)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
