"""Drift: none where nothing changed, spoken of where much did, silent where too little is known."""

from __future__ import annotations

import pytest

from exports.drift import drift

CASES = [
    # what it is, the reference, the night, whether it is spoken of (None: nothing is said)
    ("the same", {"a": 80, "b": 20}, {"a": 400, "b": 100}, False),
    ("turned round", {"a": 80, "b": 20}, {"a": 20, "b": 80}, True),
    ("a label that was not there", {"a": 100}, {"a": 60, "b": 40}, True),
    ("too few", {"a": 80, "b": 20}, {"b": 49}, None),
]


@pytest.mark.parametrize(("before", "after", "large"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_drift(before: dict[str, int], after: dict[str, int], large: bool | None) -> None:
    found = drift({("role", "AP"): before}, {("role", "AP"): after, ("role", "new agency"): after})
    assert [(d.element, d.agency, d.large) for d in found] == ([] if large is None else [("role", "AP", large)])
    assert all(0 <= d.js <= 1 for d in found)


def test_psi_by_hand() -> None:
    (found,) = drift({("stance", ""): {"a": 800_000, "b": 200_000}}, {("stance", ""): {"a": 200_000, "b": 800_000}})
    assert found.psi == pytest.approx(2 * 0.6 * 1.3863, abs=1e-3)  # (0.8 - 0.2) ln 4, twice
    assert found.js == pytest.approx(0.2781, abs=1e-3)  # 1 - H(0.8, 0.2)
