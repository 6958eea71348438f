"""Sources that are a pronoun, a short name or a description: how many are led to the right speaker.

python benchmarks/speakers.py GOLD.jsonl

GOLD: the wire gold. `speakers.json` has, by story and number of the relation, the words of the speaker that it should lead to, as a
reader of the 24 stories set them down, with what the software said in view: wrong ones were looked for, not a second opinion sought. Gold
spans go in, so that only the leading is measured. Prints the figures and what went wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from annotators.corpora import read_articles
from annotators.speakers import Resolution, resolve

RIGHT = Path(__file__).with_name("speakers.json")


def led(resolution: Resolution, number: int, wanted: str) -> bool:
    """Whether a relation's source stands with a mention of the speaker wanted."""
    k = resolution.of[number]
    if k is None:
        return False
    known = resolution.known[k]
    return any(wanted.casefold() in said.casefold() for said in (known.name or "", *known.phrases))


def main(gold: Path) -> None:
    """Prints how many of each kind are led right, and those that are not."""
    right = json.loads(RIGHT.read_text(encoding="utf-8"))
    found: dict[str, list[bool]] = {"pronouns": [], "short names and descriptions": []}
    for article in (a for a in read_articles(gold) if a.id in right):
        resolution = resolve(article.text, article.relations)
        for number, wanted in right[article.id].items():
            well = led(resolution, int(number), wanted)
            found["pronouns" if resolution.pronoun(int(number)) else "short names and descriptions"].append(well)
            if not well:
                print(f"{article.id} {number}: {resolution.phrases[int(number)]!r} should lead to {wanted!r}")
    found["all"] = [well for its in found.values() for well in its]
    for kind, its in found.items():
        print(f"{kind}: {sum(its)} of {len(its)} led right, {100 * sum(its) / len(its):.1f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
