"""The model card, written by the run that trained the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotators.learning import Figures

POLNEAR = "b8f977b3bfeb51bb6efbe4c28c9af21acebbd22d687b2c48e3a53da49c0e29a8"
"""SHA-256 of PolNeAR 1.0's training articles as JSON lines."""
_HEAD = """---
license: apache-2.0
language: en
library_name: openvino
tags: [attribution, quotation, news]
---
# {revision}

Finds who says what in English news (source, cue, content of each attribution relation).
An encoder ({encoder}) with a BIO tag layer and CRF, a linking layer that gives each source and
content to its cue, and an inner layer: a second row of tags for the relations inside contents. ONNX in 8 bits; loaded without pickle.

**Trained on** the files listed under Data{note}. Started from {start}.

**Use** to pre-label wire news for human review. **Not for** judging people, or any decision without a human: what it finds are guesses
about how a text presents its sources.

**Limits**: English only. Relations nest one deep: of those inside a content that share words the model gives one. In news features like
PolNeAR's, whose annotators nested nothing, it finds few of them. Figures hold for texts like those of dev; a slice of few texts says
little, its interval how little. Reliability and credibility are never filled in.
"""


def model_card(revision: str, figures: Figures, hashes: dict[str, str], history: dict) -> str:
    """Markdown: data with hashes, figures on dev, calibration, recipe."""
    lines = [
        _HEAD.format(
            revision=revision,
            encoder=history["encoder"],
            start=history["start"],
            note=_note(hashes),
        ),
        "## Figures on dev",
        "",
        "| measure | precision | recall | F1 |",
        "|---|---|---|---|",
    ]
    scores = figures.scores
    rows = {f"exact {k}": v for k, v in scores.exact.items()} | {f"word {k}": v for k, v in scores.word.items()}
    rows |= {"relation exact": scores.relation_exact, "relation lenient": scores.relation_lenient}
    lines += [f"| {name} | {r.p} | {r.r} | {r.f} |" for name, r in rows.items()]
    lines += ["", f"Expected calibration error of a relation's probability (fitted on dev): {figures.ece:.3f}", ""]
    lines += ["![Reliability diagram](reliability.svg)", "", "| said | true | relations |", "|---|---|---|"]
    lines += [f"| {said:.2f} | {true:.2f} | {count} |" for said, true, count in figures.bins]
    lines += [*_sure(figures), *_slices(figures), "", "## Which words are taken for which part", "", *table(figures.words)]
    lines += ["", f"**Speed**: {figures.speed} words a CPU-second on the machine it was trained on, attribution alone, in 8 bits."]
    lines += ["", "## Data", "", "| file | SHA-256 |", "|---|---|", *(f"| {name} | `{value}` |" for name, value in hashes.items())]
    lines += ["", "## Recipe", "", *(f"- {name}: {value}" for name, value in history["recipe"].items()), ""]
    return "\n".join(lines)


def _sure(figures: Figures) -> list[str]:
    """F1 with intervals."""
    rows = [f"| {name} | {value} | {low} to {high} |" for name, (value, low, high) in figures.sure.items()]
    return ["", "| F1 | | 95 % interval, by bootstrap over texts |", "|---|---|---|", *rows]


def _slices(figures: Figures) -> list[str]:
    """Where it does well and where not."""
    lines = ["", "## By slice", ""]
    lines += [
        "Relations whose source and content overlap by half or more, percent with 95 % intervals; under five texts none is given.",
        "",
    ]
    lines += ["| slice | | texts | gold | recall | found | precision |", "|---|---|---|---|---|---|---|"]
    for s in figures.slices:
        recall, precision = (
            f"{v}" + (f" ({low} to {high})" if (low, high) != (0, 100) else "") for v, low, high in (s.recall, s.precision)
        )
        lines.append(f"| {s.kind} | {s.name} | {s.articles} | {s.gold} | {recall} | {s.found} | {precision} |")
    return lines


def judge_card(reached: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures of a judge that was trained beside, on passages held out."""
    lines = ["", "## Judgements, on passages held out of its training", "", "| element | accuracy | macro-F1 |", "|---|---|---|"]
    lines += [f"| {name} | {row['accuracy']} | {row['macro_f1']} |" for name, row in reached.items()]
    for name, row in reached.items():
        lines += ["", f"Confusion, {name}:", "", *table(row["confusion"])]
    return "\n".join(lines) + "\n"


def table(confusion: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A confusion matrix as Markdown: gold by row, said by column."""
    said = list(dict.fromkeys(label for row in confusion.values() for label in row))
    lines = [f"| gold, then said | {' | '.join(said)} |", "|---" * (len(said) + 1) + "|"]
    return lines + [f"| {gold} | {' | '.join(str(row.get(label, '')) for label in said)} |" for gold, row in confusion.items()]


def _note(hashes: dict[str, str]) -> str:
    """What must be said of PolNeAR and of the written claims, where they were trained on."""
    said = []
    if POLNEAR in hashes.values():
        said.append(
            "train.jsonl is PolNeAR 1.0: US political news, 2016; no licence stated, the text belongs to its publishers: "
            "trained on, not redistributed"
        )
    if "asia.jsonl" in hashes:
        said.append("asia.jsonl and the other files of annotators/claims are the project's own written claims, CC0-1.0")
    return f" ({'; '.join(said)})" if said else ""
