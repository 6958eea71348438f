"""`onrecord train`: attribution first, then the judging layer with it, then a packed model folder with its card."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from annotators.claimset import read_passages
from annotators.corpora import read_articles
from annotators.evaluation import read_gold_claims
from flows.settings import ROOT
from schemas.errors import BadData, BadInput, MissingExtra

if TYPE_CHECKING:
    from annotators.learning import Figures

CLAIMS = ROOT / "annotators" / "claims"
"""The project's own set of written claims."""


def train_model(data: Path, out: Path, encoder: str, epochs: int, gold: Path | None) -> None:
    """Checks all data first, then trains; a run that was killed goes on from `OUT-work`."""
    try:
        train, dev = (read_articles(data / f"{part}.jsonl") for part in ("train", "dev"))
        claims = read_gold_claims(gold) if gold else []
        passages = [p for path in sorted(CLAIMS.glob("*.jsonl")) for p in read_passages(path)]
    except BadData as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"{error.filename}: {error.strerror}; DATA is a folder with train.jsonl and dev.jsonl") from error
    try:
        from annotators.learning import learn
        from annotators.training import Recipe
    except ImportError as error:
        raise MissingExtra(f"training needs {error.name}: run `make train-env`, or pip install torch transformers onnx") from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    hashes = {path.name: path for path in (data / "train.jsonl", data / "dev.jsonl", *sorted(CLAIMS.glob("*.jsonl")))}
    figures = learn(train, dev, passages, encoder, out, replace(Recipe(), epochs=epochs), hashes, gold=claims)
    _say(out, figures)


def _say(out: Path, figures: Figures) -> None:
    exact = {role: rates.f for role, rates in figures.scores.exact.items()}
    print(f"{out}: exact F1 {exact}, relation lenient {asdict(figures.scores.relation_lenient)['f']}, calibration error {figures.ece:.3f}")
