"""The dataset card: what is in an export, how it was made, and what is missing from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exports.agreement import Agreement
from exports.claims_table import Settled
from exports.manifest import Manifest
from exports.splits import SPLITS
from schemas.labels import CHOICES, HUMAN_ONLY, VERSION

CONFIGS = ("claims", "attribution")


@dataclass
class Count:
    """What a card counts, row by row, those of a story in one piece."""

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By configuration and split."""
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    agencies: Counter[str] = field(default_factory=Counter)
    stories: int = 0
    people: set[str] = field(default_factory=set)
    days: tuple[str, str] = ("", "")
    relations: int = 0
    fanned: int = 0
    doubled: int = 0
    """Tasks that several people reviewed."""
    disputes: Counter[str] = field(default_factory=Counter)
    """By element, what the rule does not settle."""
    _last: str = ""

    def claim(self, split: str, row: Mapping[str, Any]) -> None:
        """Counts a row of the claims."""
        self.rows["claims", split] += 1
        self.fanned += row["fanned_out_from"] is not None
        self.stories += row["story_id"] != self._last
        self._last = row["story_id"]
        self.people.add(row["annotator"])
        self.agencies[row["agency"] or "(not named)"] += 1
        self.labels.update((name, row[name] or "(left open)") for name in (*CHOICES, *HUMAN_ONLY))
        day = row["published"][:10]
        if day:
            self.days = min(self.days[0] or day, day), max(self.days[1], day)

    def settled(self, tasks: Iterable[Settled]) -> None:
        """Counts a story's tasks that several people reviewed, and what is left to settle."""
        for task in tasks:
            self.doubled += len({review.by for review in task.reviews}) > 1
            self.disputes.update(dispute.element for dispute in task.disputes)

    def passage(self, split: str, row: Mapping[str, Any]) -> None:
        """Counts a row of the passages."""
        self.rows["attribution", split] += 1
        self.relations += len(row["relations"])

    def splits(self, config: str) -> list[str]:
        """The splits of a configuration that hold something, in order."""
        return [split for split in SPLITS if self.rows[config, split]]


def card(count: Count, manifest: Manifest, agreements: Iterable[Agreement] = ()) -> str:
    """The card, Markdown with the header that `datasets` and the hub read."""
    told = [*_header(count), *_about(count, manifest), *_sizes(count), *_labels(count)]
    return "\n".join([*told, *_agreed(list(agreements)), *_gaps(count, manifest)]) + "\n"


def _header(count: Count) -> list[str]:
    lines = ["---", "language: en", "license: other", "license_name: texts-belong-to-their-agencies", "configs:"]
    for config in CONFIGS:
        if count.splits(config):
            lines += [f"- config_name: {config}", "  data_files:"]
            for split in count.splits(config):
                lines += [f"  - split: {split}", f"    path: {config}/{split}*.parquet"]
            lines += ["  default: true"] if config == CONFIGS[0] else []
    return [*lines, "---", ""]


def _about(count: Count, manifest: Manifest) -> list[str]:
    span = f", published {count.days[0]} to {count.days[1]}" if count.days[0] else ""
    claims, models = sum(count.rows["claims", split] for split in SPLITS), ", ".join(manifest.models) or "no model"
    return [
        "# Reviewed claims of wire news",
        "",
        f"Made {manifest.made} by onrecord {manifest.software}, label set {VERSION}: {claims} claims of "
        f"{count.stories} stories{span}, reviewed by {len(count.people)} people. Pre-labels by {models}.",
        *_fanned(count),
        "",
        "`claims`: each reviewed claim in its story; columns `model_...` are the pre-label, the others the person's word, `reviews` and "
        "`agreeing` how many people reviewed it and how many of them said just this, `settled_...` the label that counts, empty where "
        f"disputed, by {_rule(manifest)}; `counts` marks the review whose spans are taken, the newest or an expert's. `attribution`: "
        "passages that people reviewed whole, with all their relations. Offsets are code points of `text`.",
        "",
        "Made by reading the wire, pre-labelling by the model named, and review in Label Studio by the "
        f"guideline {manifest.guideline[:12]} (SHA-256). `manifest.json` names every story and review; "
        "`onrecord export OUT --from manifest.json` makes the same bytes again.",
        "",
    ]


def _rule(manifest: Manifest) -> str:
    return f"the rule {manifest.rule}" + (f" (experts: {', '.join(manifest.experts)})" if manifest.experts else "")


def _fanned(count: Count) -> list[str]:
    said = "were reviewed in a near-duplicate of their story, which `fanned_out_from` names; they share its `annotation_id` and `task_key`."
    return [f"Of the claims {count.fanned} {said}"] if count.fanned else []


def _sizes(count: Count) -> list[str]:
    lines = ["| configuration | " + " | ".join(SPLITS) + " |", "|---" * (len(SPLITS) + 1) + "|"]
    lines += [f"| {config} | " + " | ".join(str(count.rows[config, split]) for split in SPLITS) + " |" for config in CONFIGS]
    agencies = [f"| {name} | {number} |" for name, number in sorted(count.agencies.items())]
    return [*lines, "", "| agency | claims |", "|---|---|", *agencies, ""]


def _labels(count: Count) -> list[str]:
    rows = [f"| {name} | {label} | {number} |" for (name, label), number in sorted(count.labels.items())]
    return ["| element | label | count |", "|---|---|---|", *rows, ""]


def _agreed(agreements: list[Agreement]) -> list[str]:
    if not agreements:
        return ["No claim was reviewed by two people or more: agreement is not known.", ""]
    lines = ["| element | measure | claims | value | 95 % interval |", "|---|---|---|---|---|"]
    for a in agreements:
        value = (f"{a.value:.2f}", f"{a.low:.2f} to {a.high:.2f}") if a.value is not None else ("", a.note)
        lines.append(f"| {a.element} | {a.measure} | {a.claims} | {value[0]} | {value[1]} |")
    return [*lines, ""]


def _gaps(count: Count, manifest: Manifest) -> list[str]:
    """Known gaps, in words."""
    gaps = [f"The label {label} of {name} stands on {n} claims only." for (name, label), n in sorted(count.labels.items()) if n == 1]
    doubled = f"Of {count.doubled} claims that several people reviewed"
    gaps += [f"{doubled}, {name} is disputed on {n}." for name, n in sorted(count.disputes.items())]
    if manifest.left_out:
        gaps.append(f"{len(manifest.left_out)} stories are in no split, so that nothing leaks (`left_out` in the manifest says why).")
    if not count.splits("attribution"):
        gaps.append("No passage was reviewed whole: there is no `attribution`.")
    return ["## Known gaps", "", *(f"- {gap}" for gap in gaps or ["None that can be counted."])]
