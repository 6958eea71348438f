"""The table and the picture of what `benchmarks.learns` measured, for docs/learning.md."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Point = dict[str, Any]
WANTED = 0.7


def mean(point: Point) -> float:
    """The mean of a point's six figures."""
    return statistics.mean(point["figures"].values())


def curve(points: Sequence[Point], seed: int, order: str) -> list[Point]:
    """The points of one seed and order, each with the hours of review until there."""
    its = sorted((p for p in points if (p["seed"], p["order"]) == (seed, order)), key=lambda p: p["articles"])
    hours = itertools.accumulate((p["next effort"]["seconds"] / 3600 for p in its), initial=0.0)
    return [p | {"hours": h} for p, h in zip(its, hours, strict=False)]


def share_needed(desk: Sequence[Point], goal: Point) -> float | None:
    """What share of a random point's articles the desk's order needs for the same mean figure, between its points by the logarithm."""
    for a, b in itertools.pairwise(p for p in desk if p["articles"]):
        if mean(a) <= mean(goal) <= mean(b):
            part = (mean(goal) - mean(a)) / (mean(b) - mean(a))
            return math.exp(math.log(a["articles"]) + part * math.log(b["articles"] / a["articles"])) / goal["articles"]
    return None


def table(points: Sequence[Point]) -> str:
    """Markdown: figures by articles and order, means over the seeds; then what the desk's order needs."""
    seeds, names = sorted({p["seed"] for p in points}), list(points[0]["figures"])
    head = ["articles", "order", "seeds", "hours", *names, "mean", "edits", "keys", "marks", "hours, dev"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for stage, order in itertools.product(sorted({p["articles"] for p in points}), ("desk", "random")):
        its = [p for seed in seeds for p in curve(points, seed, order) if p["articles"] == stage]
        if its:
            shown = [f"{statistics.mean(p['hours'] for p in its):.1f}"]
            shown += [f"{statistics.mean(p['figures'][name] for p in its):.1f}" for name in names]
            shown += [f"{statistics.mean(map(mean, its)):.1f}"]
            shown += [_saved([p["dev"] for p in its], name) for name in ("edits", "keys", "marks", "seconds")]
            lines.append(f"| {stage} | {order} | {len(its)} | " + " | ".join(shown) + " |")
    lines.append("")
    for seed in seeds:
        desk = curve(points, seed, "desk")
        for goal in (p for p in curve(points, seed, "random") if p["articles"]):
            share = share_needed(desk, goal)
            said = "not known from these points" if share is None else f"{share:.0%} of the articles"
            lines.append(f"- seed {seed}, the mean that a random order reaches with {goal['articles']} ({mean(goal):.1f}): {said}")
    return "\n".join(lines)


def _saved(devs: Sequence[dict[str, Any]], name: str) -> str:
    """How much less, in percent, correcting pre-labels takes than a blank page."""
    return f"{statistics.mean(100 * (d['pre-labelled'][name] / d['blank'][name] - 1) for d in devs):+.0f} %"


def picture(points: Sequence[Point], path: Path) -> None:
    """Two panels: the mean figure by articles, and by hours of review."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "learns", "svg.fonttype": "none"})
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for seed, (order, colour) in itertools.product(sorted({p["seed"] for p in points}), (("desk", "#1f5fa8"), ("random", "#b3621e"))):
        its = curve(points, seed, order)
        label = f"{order}'s order" if order == "desk" else "a random order"
        for axis, name in ((left, "articles"), (right, "hours")):
            axis.plot([p[name] for p in its], [mean(p) for p in its], "o-", color=colour, label=label if not seed else None, alpha=0.8)
    left.set_xlabel("articles reviewed")
    right.set_xlabel("hours of review, by the keystroke-level model")
    left.set_ylabel("F1 on dev, mean of six figures")
    for axis in (left, right):
        axis.grid(alpha=0.3)
    right.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
