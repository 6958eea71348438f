"""Training the judge on a tiny real encoder: it learns, is packed, and what is packed judges as what was trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotators.claimset import Labelled, Passage
from annotators.corpora import Relation
from annotators.models import _compiled
from schemas.errors import BadInput
from tests.tiny import tiny_encoder

torch = pytest.importorskip("torch", reason="needs the train extra: `make train-env`")
pytestmark = pytest.mark.train
KINDS = [
    # who, what they say, their role, the stance of what they say
    ("The minister", "the army had won", "government", "government"),
    ("A rebel commander", "the army had lost", "armed_group", "opposition"),
    ("The minister", "it rained all day", "government", "neutral"),
    ("A rebel commander", "it rained all day", "armed_group", "neutral"),
]


def passage(number: int) -> Passage:
    who, what, role, stance = KINDS[number % 4]
    text = f"On day {number} it was quiet. {who} said {what}."
    parts = [(text.index(part), text.index(part) + len(part)) for part in (who, "said", what)]
    relation = Relation(*(((a, b),) for a, b in parts))
    return Passage(f"p{number}", f"g{number}", "X", text, (Labelled(relation, {"role": role, "modality": "asserts", "stance": stance}),))


PASSAGES = [passage(n) for n in range(80)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four layers, 32 wide, over the words of the passages."""
    return tiny_encoder(tmp_path_factory.mktemp("encoder"), (p.text for p in PASSAGES), layers=4)


def test_it_learns_is_packed_and_judges_the_same(tmp_path: Path, encoder: str) -> None:
    from safetensors.torch import load_file

    from annotators.judge_training import RECIPE, JudgeNetwork, examples, learn_judge, scores_of
    from annotators.judging import JUDGED, LABELS, load_judge

    recipe = replace(RECIPE, epochs=12, batch=8, encoder_rate=3e-3, head_rate=1e-2, average=0.9)
    reached = learn_judge(PASSAGES, encoder, tmp_path / "judge", recipe)
    assert reached["role"]["accuracy"] > 90
    assert reached["stance"]["accuracy"] > 80

    judge = load_judge(tmp_path / "judge", _compiled(tmp_path / "judge" / "model.onnx"), (2, 3))
    rows = examples(PASSAGES[:8], judge.tokenizer, (2, 3))
    network = JudgeNetwork(encoder)
    best = load_file(tmp_path / "judge-work" / "best.safetensors")
    network.load_state_dict({name.removeprefix("network."): value for name, value in best.items()})
    mine, theirs = judge.scores([r.context for r in rows]), scores_of(network.eval(), rows)
    assert all(np.corrcoef(mine[name].ravel(), theirs[name].ravel())[0, 1] > 0.98 for name in JUDGED)
    said = judge.judge([r.context for r in rows], [None] * len(rows), np.stack([r.told for r in rows]))
    assert [s["role"].label for s in said] == [LABELS["role"][r.labels["role"]] for r in rows]


def test_pairs_are_held_out_together() -> None:
    from annotators.judge_training import hold_out

    pairs = [replace(p, group=f"g{n // 2}") for n, p in enumerate(PASSAGES)]
    kept, held = hold_out(pairs, 20)
    assert {p.group for p in kept}.isdisjoint(p.group for p in held)
    assert len(held) == 8


def test_one_passage_is_too_few(tmp_path: Path, encoder: str) -> None:
    from annotators.judge_training import learn_judge

    with pytest.raises(BadInput, match="at least two"):
        learn_judge(PASSAGES[:1], encoder, tmp_path / "judge")
