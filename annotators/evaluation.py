"""Measures a model on gold data: attribution relations, and the elements of claims on gold spans and end to end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from annotators.attribution import Backend, to_relation
from annotators.baselines import Bag, bag, bags_of_words, copied, majority
from annotators.corpora import Article, Relation, read_articles
from annotators.finding import find
from annotators.judging import JUDGED
from annotators.listing import listed_roles, listed_scores
from annotators.models import Model
from annotators.role_words import evidence
from annotators.scoring import Scores, overlap, pairs, score, word_sets
from annotators.speakers import resolve
from schemas.claim import Choice
from schemas.labels import CHOICES
from schemas.quotation import quotation
from schemas.spans import cut

Predicted = list[list[tuple[Relation, float]]]


def predict(articles: Sequence[Article], tokenizer: Tokenizer, backend: Backend) -> Predicted:
    """Each article's found relations with their raw probability."""
    readings = find([a.text for a in articles], tokenizer, backend)
    return [[(to_relation(f, reading.pieces), f.probability) for f in found] for reading, found in readings]


def score_predicted(articles: Sequence[Article], predicted: Predicted) -> Scores:
    """The reference measures of predictions on gold articles."""
    return score((a.text, a.relations, [r for r, _ in its]) for a, its in zip(articles, predicted, strict=True))


def outcomes(articles: Sequence[Article], predicted: Predicted) -> tuple[np.ndarray, np.ndarray]:
    """For each found relation its probability, and whether it is right.

    It is right where source and content each overlap their gold by half or more (in words' F1).
    """
    said, true = [], []
    for article, its in zip(articles, predicted, strict=True):
        found = word_sets([r for r, _ in its], article.text)
        right = {id(b) for a, b in pairs(word_sets(article.relations, article.text), found) if _lenient(a, b)}
        said += [p for _, p in its]
        true += [id(w) in right for w in found]
    return np.array(said), np.array(true)


def fit_calibration(said: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Slope and shift of the logistic that turns raw probabilities' log-odds into true ones (Newton's method).

    Held to (1, 0) as if by one outcome more, so that a dev set on which all is right gives no infinite slope.
    """
    odds = np.log(np.clip(said, 1e-6, 1 - 1e-6) / np.clip(1 - said, 1e-6, 1))
    design, start = np.stack([odds, np.ones_like(odds)], 1), np.array([1.0, 0.0])
    weights = start
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + np.eye(2)
        weights = weights + np.linalg.solve(hessian, design.T @ (true - p) - (weights - start))
    return float(weights[0]), float(weights[1])


def bin_errors(said: np.ndarray, true: np.ndarray, bins: int = 10) -> tuple[float, list[tuple[float, float, int]]]:
    """Expected calibration error and the bins of (mean said, share true, count)."""
    which = np.minimum((said * bins).astype(int), bins - 1)
    rows = [
        (float(said[which == b].mean()), float(true[which == b].mean()), int((which == b).sum())) for b in range(bins) if (which == b).any()
    ]
    return sum(abs(s - t) * n for s, t, n in rows) / max(1, len(said)), rows


@dataclass(frozen=True)
class GoldClaims:
    """A gold story: its article and, for each relation, the labels two annotators agreed on (None where not)."""

    article: Article
    labels: list[dict[str, str | None]]
    published: str = ""


def read_gold_claims(path: Path) -> list[GoldClaims]:
    """Gold stories of a JSON-lines file in wire-gold's format."""
    articles = read_articles(path)
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    labels = [[{name: relation.get(name) for name in CHOICES} for relation in row["attributions"]] for row in rows]
    return [GoldClaims(a, its, str(row.get("date") or "")) for a, its, row in zip(articles, labels, rows, strict=True)]


def evaluate_claims(gold: Sequence[GoldClaims], model: Model) -> dict[str, Any]:
    """Accuracy, macro-F1 and confusion of each element on gold spans, with baselines, and the share of gold relations found."""
    said_of = [judged(story, model) for story in gold]
    readings = find([g.article.text for g in gold], model.tokenizer, model.backend)
    found, total = _found(gold, [[to_relation(f, r.pieces) for f in its] for r, its in readings])
    result: dict[str, Any] = {"stories": len(gold), "claims": total, "relations found": round(100 * found / max(1, total), 1)}
    for name in CHOICES:
        rows = [(labels[name], said[name], i) for i, (labels, said) in enumerate(_flat(gold, said_of)) if labels[name] is not None]
        truth, said = [str(t) for t, _, _ in rows], [c.label for _, c, _ in rows]
        sure = np.array([c.score for _, c, _ in rows])
        ece, _ = bin_errors(sure, np.array([a == b for a, b in zip(truth, said, strict=True)]))
        result[name] = figures(truth, said) | {
            "ece": round(ece, 3),
            "majority": figures(truth, majority(truth)),
            "confusion": confusion(truth, said),
        }
        if name in JUDGED:
            learned, bags = bags_of_words(name), _bags(gold)
            result[name]["bag of words"] = figures(truth, [learned.judge(bags[i]) for _, _, i in rows])
        if name == "stance":
            roles = [said["role"].label for _, said in _flat(gold, said_of)]
            result[name]["role copied"] = figures(truth, copied([roles[i] for _, _, i in rows]))
    return result


def judged(story: GoldClaims, model: Model) -> list[dict[str, Choice]]:
    """What the model makes of each gold relation of a story."""
    text, relations = story.article.text, story.article.relations
    resolution = resolve(text, relations)
    listed = listed_scores(resolution, listed_roles(text, story.published, resolution, model.actors))
    choices = model.judge.judge(model.judge.contexts(text, None, relations, resolution), evidence(text, resolution), listed)
    forms = [quotation(text, [cut(text, a, b) for a, b in r.content]) for r in relations]
    return [
        {**picked, "naming": Choice(naming, 1.0), "quotation": Choice(form, 1.0)}
        for picked, naming, form in zip(choices, resolution.naming, forms, strict=True)
    ]


def _flat(gold: Sequence[GoldClaims], judged: Sequence[list[dict[str, Choice]]]) -> list[tuple[dict[str, str | None], dict[str, Choice]]]:
    return [pair for story, its in zip(gold, judged, strict=True) for pair in zip(story.labels, its, strict=True)]


def _bags(gold: Sequence[GoldClaims]) -> list[Bag]:
    return [bag(g.article.text, r.source, r.cue, r.content) for g in gold for r in g.article.relations]


def _found(gold: Sequence[GoldClaims], found: Sequence[Sequence[Relation]]) -> tuple[int, int]:
    """How many gold relations a found cue overlaps, and how many there are."""
    hits = total = 0
    for story, its in zip(gold, found, strict=True):
        cues = [w["cue"] for w in word_sets(its, story.article.text)]
        for words in word_sets(story.article.relations, story.article.text):
            total += 1
            hits += any(words["cue"] & c for c in cues)
    return hits, total


def confusion(truth: Sequence[str], said: Sequence[str]) -> dict[str, dict[str, int]]:
    """For each gold label how often each label was said."""
    counts = Counter(zip(truth, said, strict=True))
    return {t: {s: counts[t, s] for s in sorted(set(said)) if counts[t, s]} for t in sorted(set(truth))}


def figures(truth: Sequence[str], said: Sequence[str]) -> dict[str, float]:
    """Accuracy and macro-F1 over the labels that occur in the truth, in percent."""
    hits, gold, given = Counter(t for t, s in zip(truth, said, strict=True) if t == s), Counter(truth), Counter(said)
    f1 = [2 * hits[label] / (gold[label] + given[label]) for label in gold]
    return {"accuracy": round(100 * sum(hits.values()) / max(1, len(truth)), 1), "macro_f1": round(100 * sum(f1) / max(1, len(f1)), 1)}


def _lenient(a: dict[str, frozenset[int]], b: dict[str, frozenset[int]]) -> bool:
    return overlap(a["source"], b["source"]) >= 0.5 and overlap(a["content"], b["content"]) >= 0.5
