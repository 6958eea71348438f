"""One body in every format's dress, a thousand times over: each paragraph comes out exactly, once, in order."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

from schemas.readers import read_wire
from schemas.story import fold

_spec = importlib.util.spec_from_file_location("dresses", Path(__file__).with_name("dresses.py"))
assert _spec
assert _spec.loader
dresses = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(dresses)

ROUNDS = 100


@pytest.mark.parametrize("dress", [*dresses.UNICODE, *dresses.NARROW], ids=lambda dress: dress.__name__)
def test_every_paragraph_comes_out_exactly_once_and_in_order(dress):
    narrow = dress in dresses.NARROW
    for seed in range(ROUNDS):
        rng = random.Random(f"{dress.__name__} {seed}")
        made = dresses.body(rng, dresses.PLAIN_WORDS if narrow else dresses.WORDS, traps=not narrow)
        data = dress(made, rng)
        contents = read_wire(data, "night.dat")
        assert not contents.refused, (seed, contents.refused)
        for story in contents.stories:
            assert story.text.split("\n\n") == [fold(p) for p in made], (seed, data)
            assert not story.partial or dress is dresses.rss
