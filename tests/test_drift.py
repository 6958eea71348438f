"""Drift: silent on quiet nights, by rate; spoken of where much changed; silent where too little is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.drift import ALL, FEWEST, Seen, distances, drift


def stories(n: int, shares: Sequence[float], rng: np.random.Generator, clumsy: float = 1.0, agency: str = "AP") -> list[Seen]:
    """Stories whose claims go together: each has shares of its own, the more so the smaller `clumsy` is."""
    told = []
    for _ in range(n):
        own = rng.dirichlet(np.array(shares) * 3 * clumsy + 1e-3)
        counts = rng.multinomial(int(rng.integers(1, 12)), own)
        told.append(Seen(agency, {"role": {f"label {k}": int(c) for k, c in enumerate(counts) if c}}))
    return told


CASES = [
    # what it is, the night's shares beside 80 and 20 percent, stories of the night, whether it speaks (None: nothing is said)
    ("the same", (0.8, 0.2), 60, False),
    ("turned round", (0.2, 0.8), 60, True),
    ("a label that was not there", (0.5, 0.1, 0.4), 60, True),
    ("turned round, of few stories", (0.2, 0.8), 12, True),
    ("far from sure: a little more", (0.7, 0.3), 8, False),
    ("too few stories", (0.0, 1.0), FEWEST - 1, None),
]


@pytest.mark.parametrize(("shares", "n", "speaks"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_drift(shares: Sequence[float], n: int, speaks: bool | None) -> None:
    rng = np.random.default_rng(3)
    reference = stories(400, (0.8, 0.2), rng)
    night = stories(n, shares, rng) + stories(3, (1.0,), rng, agency="new agency")
    found = [d for d in drift(reference, night) if d.agency == "AP"]
    assert [(d.element, d.speaks) for d in found] == ([] if speaks is None else [("role", speaks)])
    assert all(0 <= d.js <= 1 and d.stories == n for d in found)


def test_an_agency_speaks_where_all_together_do_not() -> None:
    rng = np.random.default_rng(4)
    reference = stories(300, (0.8, 0.2), rng) + stories(100, (0.8, 0.2), rng, agency="TASS")
    night = stories(150, (0.8, 0.2), rng) + stories(15, (0.1, 0.9), rng, agency="TASS")
    found = {d.agency: d.speaks for d in drift(reference, night)}
    assert found == {"AP": False, "TASS": True, ALL: False}
    assert drift(reference, night) == drift(reference, night)  # the same at every run


@settings(max_examples=6, deadline=None)
@given(
    shares=st.lists(st.floats(0.05, 1), min_size=2, max_size=5),
    clumsy=st.floats(0.05, 3),
    n=st.integers(FEWEST, 30),
    seed=st.integers(0, 2**32 - 1),
)
@pytest.mark.slow
def test_quiet_nights_are_silent(shares: list[float], clumsy: float, n: int, seed: int) -> None:
    """False alarms stay at the rate that is asked for, whatever the labels, however much the claims of a story go together."""
    rng = np.random.default_rng(seed)
    shares, asked, nights = [s / sum(shares) for s in shares], 0.05, 120
    alarms = 0
    for _ in range(nights):
        reference, night = stories(60, shares, rng, clumsy), stories(n, shares, rng, clumsy)
        alarms += any(d.speaks for d in drift(reference, night, alarms=asked, seed=int(rng.integers(2**31))))
    assert alarms <= asked * nights + 4.5 * (nights * asked * (1 - asked)) ** 0.5


def test_distances_by_hand() -> None:
    psi, js = distances(np.array([[800_000.0, 200_000.0]]), np.array([[200_000.0, 800_000.0]]))
    assert psi[0] == pytest.approx(2 * 0.6 * 1.3863, abs=1e-3)  # (0.8 - 0.2) ln 4, twice
    assert js[0] == pytest.approx(0.2781, abs=1e-3)  # 1 - H(0.8, 0.2)
