"""A small country of two speakers: stories of four claims each, an export of them, and a tiny model in use that has hardly learned them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from annotators.claimset import read_passages
from annotators.corpora import Article, Relation
from annotators.models import OWN_JUDGE
from annotators.registry import Registry
from exports.dataset import write_dataset
from exports.manifest import Manifest
from schemas.claim import Claim
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story
from tests.tiny import tiny_encoder

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = read_passages(ROOT / "annotators" / "claims" / "asia.jsonl")[:4]
SAYINGS = [
    # who, what they say, their role, the stance of what they say
    ("The minister", "the army had won", "government", "government"),
    ("A rebel", "the army had lost", "armed_group", "opposition"),
    ("The minister", "it rained all day", "government", "neutral"),
    ("A rebel", "it rained all day", "armed_group", "neutral"),
]


def story_rows(number: int) -> list[tuple[Story, Claim, Review]]:
    """A story of four claims, each confirmed by one person."""
    lines = [f"{who} said {what}." for who, what, _, _ in SAYINGS]
    text = " ".join(lines[number % 4 :] + lines[: number % 4]) + f" That was day {number}."
    story, rows = Story(f"g{number:02}", 1, text, agency="Lastra"), []
    for n, (who, what, role, stance) in enumerate(SAYINGS):
        start = text.index(f"{who} said {what}")
        source, cue = (cut(text, start, start + len(who)),), (cut(text, start + len(who) + 1, start + len(who) + 5),)
        content = (cut(text, start + len(who) + 6, start + len(who) + 6 + len(what)),)
        key = f"{story.guid} {n}"
        claim = Claim(key, story.guid, 1, True, content, cue, source, who, "indirect", "unnamed", None, None, None, 0.9, "model:x")
        chosen = {"role": "expert" if number == n == 0 else role, "modality": "asserts", "stance": stance, "naming": "unnamed"}
        review = Review(number * 9 + n + 1, key, 1, "ann", "2026-03-04T01:00:00Z", (claim,), chosen, (), "", 1.0, False)
        rows.append((story, claim, replace(review, passage=(0, len(text)), whole=True)))
    return rows


def export(out: Path, stories: int) -> Path:
    """The first of it to train on, some to measure on and ten to judge by; one label (expert) stands once."""
    rows = [row for number in range(stories) for row in story_rows(number)]
    split = {f"g{n:02}": "test" if n >= stories - 10 else "validation" if n >= stories - 13 else "train" for n in range(stories)}
    write_dataset(rows, out, Manifest("2026-03-08T00:00:00+00:00", "1", "g", splits=split))
    return out


def articles(rows: list[tuple[Story, Claim, Review]]) -> list[Article]:
    relations = tuple(Relation(*(tuple((s.start, s.end) for s in part) for part in (c.source, c.cue, c.content))) for _, c, _ in rows)
    return [Article(rows[0][0].guid, rows[0][0].text, relations)]


def begin(home: Path) -> Path:
    """A data folder with an export, a few written claims, and a registry with a tiny model that has hardly learned anything in use."""
    from annotators.judge_learning import RECIPE, learn_judge
    from annotators.learning import learn
    from annotators.training import Recipe

    export(home / "export", 34)
    (home / "claims").mkdir()
    lines = (ROOT / "annotators" / "claims" / "asia.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (home / "claims" / "few.jsonl").write_text("".join(lines[:4]), encoding="utf-8")
    encoder = tiny_encoder(home / "encoder", (row[0].text for row in story_rows(1)), layers=4)
    some = [a for n in range(3) for a in articles(story_rows(n))]
    recipe = Recipe(epochs=1, size=64, batch=4)
    learn(some, some[:1], WRITTEN, encoder, home / "tiny", recipe, {})
    learn_judge(WRITTEN, encoder, home / "judge", replace(RECIPE, epochs=1))
    shutil.copytree(home / "judge", home / "tiny" / OWN_JUDGE)
    models = Registry(home / "models")
    models.add("tiny", home / "tiny", {})
    models.promote("tiny", "t", "to begin with")
    return home
