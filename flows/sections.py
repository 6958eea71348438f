"""What stands on the morning page beside the night's own figures: drift, and how far people agree."""

from __future__ import annotations

from exports.agreement import agreement
from flows.drifting import drift_section
from flows.morning import SECTIONS, Section
from flows.store import Store


def agreement_section(store: Store) -> Section | None:
    """How far people who reviewed the same claims agree so far, hidden gold aside; nothing where nobody has."""
    gold = store.gold()
    found = agreement(r for r in store.all_reviews(shared=True) if r.key not in gold)
    if not found:
        return None
    rows = []
    for a in found:
        value = f"{a.value:.2f} ({a.low:.2f} to {a.high:.2f})" if a.value is not None else "no figure"
        rows.append((a.element, f"{value}, {a.measure}; {a.observed:.0%} of pairs the same{f'; {a.note}' if a.note else ''}"))
    return Section("Agreement so far", f"{max(a.claims for a in found)} claims that several people reviewed", rows)


SECTIONS.extend((drift_section, agreement_section))
