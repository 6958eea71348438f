"""`onrecord evaluate`: the current model, or another, on gold data."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console

from annotators.claims import calibrated
from annotators.corpora import read_articles
from annotators.evaluation import bin_errors, evaluate_claims, outcomes, predict, read_gold_claims, score_predicted
from annotators.models import load_model
from flows.actors import informed
from flows.settings import load_settings
from flows.showing import attribution_table, claims_table, err
from schemas.errors import BadData, BadInput


def measure_attribution(gold: Path, model: Path | None, *, as_json: bool) -> None:
    """Prints the reference measures and the calibration error of relation probabilities."""
    loaded = load_model(model or load_settings().model)
    articles = _checked(read_articles, gold)
    with err().status(f"reading {len(articles)} articles"):
        predicted = predict(articles, loaded.tokenizer, loaded.backend)
    scores = score_predicted(articles, predicted)
    said, true = outcomes(articles, predicted)
    ece, _ = bin_errors(np.array([calibrated(float(p), loaded) for p in said]), true)
    if as_json:
        print(json.dumps(asdict(scores) | {"calibration_error": round(ece, 4), "model": loaded.revision}, indent=1))
    else:
        Console().print(attribution_table(scores))
        print(f"expected calibration error {ece:.3f}; model {loaded.revision}")


def measure_claims(gold: Path, model: Path | None, *, as_json: bool) -> None:
    """Prints the figures of each element on gold spans, with their baselines."""
    settings = load_settings()
    loaded = informed(load_model(model or settings.model), settings.actors)
    stories = _checked(read_gold_claims, gold)
    with err().status(f"reading {len(stories)} stories"):
        result = evaluate_claims(stories, loaded)
    if as_json:
        print(json.dumps(result | {"model": loaded.revisions}, indent=1))
    else:
        Console().print(claims_table(result))


def _checked(read, path: Path):  # noqa: ANN001, ANN202
    """Gold data, faults in it told as wrong use."""
    try:
        return read(path)
    except (BadData, UnicodeDecodeError) as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
