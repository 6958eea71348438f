"""How far a night's labels are from a reference: population stability index and Jensen-Shannon divergence, by element and agency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.25
"""PSI from which a shift counts as large (Siddiqi 2006)."""
FEWEST = 50
"""Labels below which nothing is said."""
Counts = Mapping[tuple[str, str], Mapping[str, int]]
"""How often each label was given, by element and agency."""


@dataclass(frozen=True)
class Drift:
    """One element of one agency. psi: in nats; js: divergence in bits, 0 to 1; labels: how many the night gave."""

    element: str
    agency: str
    psi: float
    js: float
    labels: int

    @property
    def large(self) -> bool:
        """Whether it is to be spoken of."""
        return self.psi >= THRESHOLD


def drift(reference: Counts, night: Counts) -> list[Drift]:
    """The drift of all that both have enough of, the largest first."""
    found = []
    for place in sorted(set(reference) & set(night)):
        before, after = reference[place], night[place]
        if min(sum(before.values()), sum(after.values())) >= FEWEST:
            kinds = sorted({*before, *after})
            p, q = (np.array([counts.get(k, 0) + 0.5 for k in kinds]) for counts in (before, after))
            found.append(Drift(*place, *_distances(p / p.sum(), q / q.sum()), sum(after.values())))
    return sorted(found, key=lambda d: (-d.psi, d.element, d.agency))


def _distances(p: np.ndarray, q: np.ndarray) -> tuple[float, float]:
    m = (p + q) / 2
    psi, js = np.sum((p - q) * np.log(p / q)), np.sum(p * np.log2(p / m) + q * np.log2(q / m)) / 2
    return round(float(psi), 4), round(float(js), 4)
