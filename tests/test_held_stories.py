"""The stories that no training reads: they fit their texts, and the shipped models do on them what the docs say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotators.claimset import read_passages
from annotators.evaluation import evaluate_claims, read_gold_claims
from annotators.models import load_model
from annotators.places import home
from schemas.labels import CHOICES
from schemas.quotation import quotation
from schemas.spans import cut

CLAIMS = Path(__file__).parents[1] / "annotators" / "claims"
HELD = sorted((CLAIMS / "held").glob("*.jsonl"))
GOLD = [story for path in HELD for story in read_gold_claims(path)]


def test_their_claims_fit_their_texts() -> None:
    assert (len(GOLD), sum(len(g.labels) for g in GOLD)) == (140, 2092)
    for story in GOLD:
        text = story.article.text
        for relation, labels in zip(story.article.relations, story.labels, strict=True):
            assert all(labels[name] in map(str, CHOICES[name]) for name in CHOICES)
            assert relation.cue
            assert relation.content
            assert bool(relation.source) == (labels["naming"] != "none")
            content = [cut(text, a, b) for a, b in relation.content]
            assert labels["quotation"] == quotation(text, content)


def test_no_training_reads_them() -> None:
    told = {p.text for path in CLAIMS.glob("*.jsonl") for p in read_passages(path)}
    assert not told & {g.article.text for g in GOLD}


def test_the_country_is_found_in_nine_of_ten() -> None:
    rows = [json.loads(line) for path in HELD for line in path.read_text(encoding="utf-8").splitlines()]
    of = {country: home(country) for country in {row["country"] for row in rows}}
    assert all(of.values())
    assert sum(home(row["text"]) == of[row["country"]] for row in rows) >= 0.9 * len(rows)


@pytest.mark.slow
def test_the_shipped_models_do_as_well_as_they_did() -> None:
    figures = evaluate_claims(GOLD, load_model())
    assert figures["relations found"] > 91
    assert figures["role"]["accuracy"] > 81.5
    assert figures["modality"]["macro_f1"] > 88.5
    assert figures["stance"]["accuracy"] > 78
    assert max(figures[name]["ece"] for name in ("role", "modality", "stance")) < 0.07
