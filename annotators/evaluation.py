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

from annotators.attribution import Backend, read, to_relation
from annotators.claims import seen
from annotators.corpora import Article, Relation, read_articles
from annotators.decoding import Found
from annotators.finding import find
from annotators.heads import ELEMENTS
from annotators.models import Model
from annotators.pieces import Pieces
from annotators.scoring import Scores, overlap, pairs, score, word_sets
from annotators.tags import ROLES
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


def read_gold_claims(path: Path) -> list[GoldClaims]:
    """Gold stories of a JSON-lines file in wire-gold's format."""
    articles = read_articles(path)
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [GoldClaims(a, [{n: r.get(n) for n in CHOICES} for r in row["attributions"]]) for a, row in zip(articles, rows, strict=True)]


def evaluate_claims(gold: Sequence[GoldClaims], model: Model) -> dict[str, Any]:
    """Accuracy and macro-F1 of each element on gold spans, with baselines, and the share of gold relations found."""
    truth: dict[str, list[str]] = {n: [] for n in CHOICES}
    said: dict[str, list[str]] = {n: [] for n in CHOICES}
    sure: dict[str, list[float]] = {n: [] for n in CHOICES}
    roles_for_stance: list[str] = []
    found = total = 0
    readings = find([g.article.text for g in gold], model.tokenizer, model.backend)
    for story, (reading, its) in zip(gold, readings, strict=True):
        choices = model.heads.judge_all([seen(as_found(r, reading.pieces), reading) for r in story.article.relations])
        for relation, labels, picked in zip(story.article.relations, story.labels, choices, strict=True):
            form = quotation(story.article.text, [cut(story.article.text, a, b) for a, b in relation.content])
            naming = picked["naming"].label if relation.source else "none"
            values = {**{n: c.label for n, c in picked.items()}, "naming": naming, "quotation": form}
            for name, label in labels.items():
                if label is not None:
                    truth[name].append(label)
                    said[name].append(values[name])
                    sure[name].append(picked[name].score if name in picked else 1.0)
                    if name == "stance":
                        roles_for_stance.append(values["role"])
        cues = [w["cue"] for w in word_sets([to_relation(f, reading.pieces) for f in its], story.article.text)]
        for words in word_sets(story.article.relations, story.article.text):
            total += 1
            found += any(words["cue"] & c for c in cues)
    result: dict[str, Any] = {"stories": len(gold), "claims": total, "relations found": round(100 * found / max(1, total), 1)}
    for name in CHOICES:
        ece, _ = bin_errors(np.array(sure[name]), np.array([a == b for a, b in zip(truth[name], said[name], strict=True)]))
        result[name] = figures(truth[name], said[name]) | {"ece": round(ece, 3), "majority": figures(truth[name], majority(truth[name]))}
    copied = [r if r in ("government", "opposition") else "neutral" for r in roles_for_stance]
    result["stance"]["role copied"] = figures(truth["stance"], copied)
    return result


def fit_temperatures(gold: Sequence[GoldClaims], model: Model) -> dict[str, float]:
    """For each element the temperature under which the gold labels are likeliest, of 0.5 to 5.0 in steps of a twentieth."""
    scores: dict[str, list[np.ndarray]] = {n: [] for n in ELEMENTS}
    right: dict[str, list[int]] = {n: [] for n in ELEMENTS}
    for story, reading in zip(gold, read([g.article.text for g in gold], model.tokenizer, model.backend), strict=True):
        for relation, labels in zip(story.article.relations, story.labels, strict=True):
            given = model.heads.scores(*seen(as_found(relation, reading.pieces), reading))
            for name in ELEMENTS:
                if labels[name] is not None:
                    scores[name].append(given[name])
                    right[name].append([str(x) for x in CHOICES[name]].index(str(labels[name])))
    return {name: _temperature(np.array(scores[name]), np.array(right[name])) for name in ELEMENTS if right[name]}


def _temperature(scores: np.ndarray, right: np.ndarray) -> float:
    def loss(temperature: float) -> float:
        z = scores / temperature
        return float((np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1) - z[np.arange(len(z)), right]).mean())

    return min((round(t / 20, 2) for t in range(10, 101)), key=loss)


def as_found(relation: Relation, pieces: Pieces) -> Found:
    """A relation given in code points as the decoder would give it."""
    source, cue, content = ([pieces.covering(a, b) for a, b in getattr(relation, role)] for role in ROLES)
    return Found((cue or content)[0], tuple(source), tuple(content), 1.0)


def figures(truth: Sequence[str], said: Sequence[str]) -> dict[str, float]:
    """Accuracy and macro-F1 over the labels that occur in the truth, in percent."""
    hits, gold, given = Counter(t for t, s in zip(truth, said, strict=True) if t == s), Counter(truth), Counter(said)
    f1 = [2 * hits[label] / (gold[label] + given[label]) for label in gold]
    return {"accuracy": round(100 * sum(hits.values()) / max(1, len(truth)), 1), "macro_f1": round(100 * sum(f1) / max(1, len(f1)), 1)}


def majority(truth: Sequence[str]) -> list[str]:
    """The most frequent label, for each."""
    return [Counter(truth).most_common(1)[0][0]] * len(truth) if truth else []


def _lenient(a: dict[str, frozenset[int]], b: dict[str, frozenset[int]]) -> bool:
    return overlap(a["source"], b["source"]) >= 0.5 and overlap(a["content"], b["content"]) >= 0.5
