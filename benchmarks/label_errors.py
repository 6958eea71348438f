"""How many turned labels `onrecord report errors` finds: on wire-gold, pre-labelled by the shipped model, which has not learned from it.

python -m benchmarks.label_errors ../shared/corpora
"""

from __future__ import annotations

import random
import statistics
from pathlib import Path

import typer

from annotators.evaluation import GoldClaims, judged, read_gold_claims
from annotators.models import load_model
from exports.label_errors import ELEMENTS, Decided, by_claim, doubts
from flows.settings import load_settings
from schemas.claim import Choice, Claim
from schemas.labels import CHOICES
from schemas.spans import cut

SHARES, ROUNDS = (0.02, 0.05, 0.1), 10


def decided(gold: list[GoldClaims]) -> list[Decided]:
    """Each gold claim as if people had reviewed it."""
    model, found = load_model(load_settings().model_folder), []
    for story in gold:
        text = story.article.text
        for n, (relation, labels, said) in enumerate(zip(story.article.relations, story.labels, judged(story, model), strict=True)):
            source, cue, content = (tuple(cut(text, a, b) for a, b in s) for s in (relation.source, relation.cue, relation.content))
            picked: dict[str, Choice] = {name: said[name] for name in ("role", "modality", "stance")}
            key, guid, naming = f"{story.article.id} {n}", story.article.id, said["naming"].label
            claim = Claim(key, guid, 1, True, content, cue, source, None, "", naming, score=1.0, by="model:shipped", **picked)
            found.append(Decided(key, claim, claim, {name: str(labels[name]) for name in ELEMENTS if labels[name]}))
    return found


def turned(claims: list[Decided], share: float, rng: random.Random) -> tuple[list[Decided], set[tuple[str, str]]]:
    """The claims with a share of all their labels turned at random, and which."""
    out, wrong = [], set()
    for claim in claims:
        labels = dict(claim.labels)
        for name, label in labels.items():
            if rng.random() < share:
                labels[name] = rng.choice([str(x) for x in CHOICES[name] if str(x) != label])
                wrong.add((claim.key, name))
        out.append(Decided(claim.key, claim.claim, claim.model, labels))
    return out, wrong


def main(corpora: Path) -> None:
    """Prints a row for each share of turned labels."""
    claims = decided([g for path in sorted((corpora / "wire-gold").glob("*.jsonl")) for g in read_gold_claims(path)])
    print(f"{len(claims)} claims, {sum(len(c.labels) for c in claims)} labels, {ROUNDS} rounds")
    for share in SHARES:
        firsts, claim_lifts = [], []
        for seed in range(ROUNDS):
            some, wrong = turned(claims, share, random.Random(seed))
            found = doubts(some)
            top = found[: len(wrong)]
            firsts.append(sum((d.key, d.element) in wrong for d in top) / max(1, len(wrong)))
            keys, bad = list(by_claim(found)), {key for key, _ in wrong}
            claim_lifts.append(sum(key in bad for key in keys[: len(keys) // 5]) / max(1, len(bad)))
        print(f"{share:.0%} turned: {statistics.mean(firsts):.0%} of the first as many are; ", end="")
        print(f"{statistics.mean(claim_lifts):.0%} of the claims that hold one are in the list's first fifth")


if __name__ == "__main__":
    typer.run(main)
