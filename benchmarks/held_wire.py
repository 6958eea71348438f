"""Claims of real wire stories that no training has read: how many the shipped judge is right about.

python benchmarks/held_wire.py ../shared/corpora/wire/muc3

The folder has the stories' texts; `annotators/claims/held/wire/muc3.jsonl` has the labels, by the texts' hashes, on the relations as the
shipped attribution found them. Prints accuracy and macro-F1 of each element, and what was said in place of what.
"""

from __future__ import annotations

import sys
from pathlib import Path

from annotators.corpora import Article
from annotators.evaluation import GoldClaims, confusion, figures, judged
from annotators.judging import JUDGED
from annotators.models import load_model
from flows.learning import CLAIMS, labelled_wire


def main(folder: Path) -> None:
    """Prints the figures."""
    stories = [
        GoldClaims(Article(p.id, p.text, tuple(c.relation for c in p.claims)), [{n: c.labels.get(n) for n in JUDGED} for c in p.claims])
        for p in labelled_wire(folder, CLAIMS / "held" / "wire")
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
