"""The model card, written by the run that trained the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

Finds who says what in English news (source, cue, content of each attribution relation){judges}.
An encoder ({encoder}) with a BIO tag layer and CRF, and a linking layer that gives each source and
content to its cue{layer}. ONNX in 8 bits; loaded without pickle.

**Trained on** the files listed under Data{note}.{written} Started from {start}.

**Use** to pre-label wire news for human review. **Not for** judging people, or any decision without a human: what it finds are guesses
about how a text presents its sources. English only. The tag layer gives each word to one relation; a content that plainly reports
speech itself is read once more for the relation inside it. Reliability and credibility are never filled in.
"""


_JUDGES = {
    "judges": " and judges the claim's role,\nmodality, stance and naming",
    "layer": ", and a judging layer over the means of the parts",
    "written": " The passages under the names of parts of the world are the project's own\nwritten claims (CC0-1.0).",
}
"""What is said of a model that judges claims too."""


def model_card(revision: str, figures: Figures, hashes: dict[str, str], history: dict, claims: dict | None) -> str:
    """Markdown: data with hashes, figures on dev, calibration, recipe."""
    lines = [
        _HEAD.format(
            revision=revision,
            encoder=history["encoder"],
            start=history["start"],
            note=_note(hashes),
            **(_JUDGES if claims else dict.fromkeys(_JUDGES, "")),
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
    if claims:
        lines += _judgements(claims)
    lines += ["", "## Data", "", "| file | SHA-256 |", "|---|---|", *(f"| {name} | `{value}` |" for name, value in hashes.items())]
    lines += ["", "## Recipe", "", *(f"- {name}: {value}" for name, value in history["recipe"].items()), ""]
    return "\n".join(lines)


def _note(hashes: dict[str, str]) -> str:
    """What must be said of PolNeAR, where it was trained on."""
    if POLNEAR not in hashes.values():
        return ""
    return (
        " (train.jsonl is PolNeAR 1.0: US political news, 2016; no licence stated, the text belongs to its publishers: "
        "trained on, not redistributed)"
    )


def _judgements(claims: dict) -> list[str]:
    """The figures of role, stance and the rest on gold spans, beside the majority's."""
    lines = ["", f"## Judgements on {claims['claims']} gold claims of {claims['stories']} stories that no training has seen", ""]
    lines += ["| element | accuracy | macro-F1 | calibration error | majority: accuracy | macro-F1 |", "|---|---|---|---|---|---|"]
    for name, row in claims.items():
        if isinstance(row, dict):
            much = row["majority"]
            lines.append(f"| {name} | {row['accuracy']} | {row['macro_f1']} | {row['ece']} | {much['accuracy']} | {much['macro_f1']} |")
    copied = claims["stance"]["role copied"]
    lines += [
        "",
        f"The role copied to the stance: {copied['accuracy']} / {copied['macro_f1']}. The temperatures are fitted on these claims.",
    ]
    return [*lines, f"Gold relations found end to end (cues overlap): {claims['relations found']} %."]
