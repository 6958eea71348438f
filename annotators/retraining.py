"""Trains both models on from those in use: attribution, then the judge, into one model folder, resumable at every step."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from annotators.card import judge_card
from annotators.claimset import Passage
from annotators.corpora import Article
from annotators.judge_learning import RECIPE as JUDGE_RECIPE
from annotators.judge_learning import learn_judge
from annotators.learning import learn
from annotators.models import JUDGE, OWN_JUDGE
from annotators.training import Recipe

RATE, JUDGE_RATE = 1e-4, 5e-5
"""Rates of what has been trained before: a quarter of those that an encoder begins with, so that old skill is not lost."""

FOLLOW = 4.0
"""How much the model in use is followed: 2,000 reviewed claims by themselves took more than they gave (docs/learning.md)."""


@dataclass(frozen=True)
class Lessons:
    """What is learned from: articles, those to stop by, stories with reviewed claims, and the project's own written claims."""

    articles: Sequence[Article]
    dev: Sequence[Article]
    claims: Sequence[Passage]
    written: Sequence[Passage]
    files: dict[str, Path]


def retrain(lessons: Lessons, start: Path, out: Path, epochs: int) -> dict[str, Any]:
    """Writes a model folder with a judge of its own. Works beside it, from where a run that was killed goes on.

    start: the model folder trained on; without articles to measure on its attribution stays, without judged claims
    its judge. Returns recipes, curves and figures.
    Errors: as `annotators.learning.learn` says.
    """
    attribution, judge = out.with_name(out.name + "-attribution") / out.name, out.with_name(out.name + "-judge") / out.name
    attribution.parent.mkdir(parents=True, exist_ok=True)
    judge.parent.mkdir(parents=True, exist_ok=True)
    recipe = replace(Recipe(), epochs=epochs, encoder_rate=RATE, head_rate=RATE, minutes_between=1.0, keep=FOLLOW > 0, follow=FOLLOW)
    told = _learned(lessons, start, attribution, recipe) if lessons.dev else _as_it_is(start, attribution)
    own = start / OWN_JUDGE if (start / OWN_JUDGE).is_dir() else None
    judging = replace(JUDGE_RECIPE, epochs=epochs, encoder_rate=JUDGE_RATE, head_rate=JUDGE_RATE, minutes_between=1.0)
    reached: dict[str, Any] = {}
    if lessons.claims:
        reached = learn_judge([*lessons.claims, *lessons.written], str(own or JUDGE), judge, judging)
    _join(attribution, judge if lessons.claims else own, reached, out)
    figures = told.pop("figures") | {"judge, held-out passages": reached}
    curve = _curve(judge) if lessons.claims else []
    return told | {"judge recipe": asdict(judging) if lessons.claims else None, "judge curve": curve, "figures": figures}


def _learned(lessons: Lessons, start: Path, out: Path, recipe: Recipe) -> dict[str, Any]:
    """Attribution trained on from `start`; recipe, curve and figures."""
    figures = learn(lessons.articles, lessons.dev, lessons.written, str(start), out, recipe, lessons.files)
    reached = {
        "exact": {role: rates.f for role, rates in figures.scores.exact.items()},
        "words a CPU-second": figures.speed,
        "relation lenient": figures.scores.relation_lenient.f,
        "calibration error": round(figures.ece, 4),
    }
    return {"recipe": asdict(recipe), "curve": _curve(out), "figures": reached}


def _as_it_is(start: Path, out: Path) -> dict[str, Any]:
    """The attribution of `start`, where there is nothing to learn it from."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(start, out, ignore=shutil.ignore_patterns(OWN_JUDGE, "record.json"))
    return {"recipe": None, "curve": [], "figures": {}}


def _curve(trained: Path) -> list[dict[str, float]]:
    curve: list[dict[str, float]] = json.loads((trained.with_name(trained.name + "-work") / "curve.json").read_text())
    return curve


def _join(attribution: Path, judge: Path | None, reached: dict[str, Any], out: Path) -> None:
    """Both in one folder, aside and then renamed; without a judge of its own the shipped one serves it."""
    aside = out.with_name(out.name + ".part")
    for folder in (aside, out):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(attribution, aside)
    if judge:
        shutil.copytree(judge, aside / OWN_JUDGE)
    if reached:
        with (aside / "README.md").open("a", encoding="utf-8") as card:
            card.write(judge_card(reached))
    os.replace(aside, out)
