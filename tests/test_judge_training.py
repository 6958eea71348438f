"""Training the judge on a tiny real encoder: it learns, is packed, and what is packed judges as what was trained."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from annotators.claimset import Labelled, Passage
from annotators.corpora import Relation
from annotators.models import _compiled
from schemas.errors import BadInput
from tests.tiny import tiny_encoder

if TYPE_CHECKING:
    from annotators.training import Recipe

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
    text = f"On the morning of day {number} it was quiet. {who} said {what}."
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

    from annotators.judge_learning import RECIPE, learn_judge
    from annotators.judge_training import JudgeNetwork, examples, scores_of
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
    said = judge.judge([r.context for r in rows], np.stack([r.told for r in rows]))
    assert [s["role"].label for s in said] == [LABELS["role"][r.labels["role"]] for r in rows]


def test_pairs_are_held_out_together() -> None:
    from annotators.judge_training import hold_out

    pairs = [replace(p, group=f"g{n // 2}") for n, p in enumerate(PASSAGES)]
    kept, held = hold_out(pairs, 20)
    assert {p.group for p in kept}.isdisjoint(p.group for p in held)
    assert len(held) == 8


def test_one_passage_is_too_few(tmp_path: Path, encoder: str) -> None:
    from annotators.judge_learning import learn_judge

    with pytest.raises(BadInput, match="at least two"):
        learn_judge(PASSAGES[:1], encoder, tmp_path / "judge")


@pytest.mark.parametrize(
    ("label", "taught", "right"),
    [
        pytest.param(0, None, [0.95 + 0.05 / 3, 0.05 / 3, 0.05 / 3], id="a label, a little of the others"),
        pytest.param(-100, None, [0, 0, 0], id="nothing is known"),
        pytest.param(-100, [0.2, 0.3, 0.5], [0.2, 0.3, 0.5], id="a teacher's word"),
        pytest.param(1, [0.2, 0.3, 0.5], [0.1 + 0.025 / 3, 0.15 + 0.475 + 0.025 / 3, 0.25 + 0.025 / 3], id="half of each"),
    ],
)
def test_what_is_to_be_said(label: int, taught: list[float] | None, right: list[float]) -> None:
    from annotators.context import Context
    from annotators.judge_training import Example, batches
    from annotators.judging import JUDGED, LABELS

    say = {name: np.full(len(LABELS[name]), 1 / len(LABELS[name]), dtype=np.float32) for name in JUDGED}
    told = None if taught is None else say | {"stance": np.array(taught, dtype=np.float32)}
    one = np.ones(3, dtype=np.int64)
    example = Example(Context(one, one), dict.fromkeys(JUDGED, -100) | {"stance": label}, np.zeros(1), told)
    (batch,) = batches([example], 8, random.Random(0))
    assert batch.right["stance"].numpy() == pytest.approx(np.array([right]))
    assert batch.right["role"].sum() == pytest.approx(0 if taught is None else 1)


def strict(recipe: Recipe) -> Recipe:
    """A recipe by which the tiny encoder learns the passages."""
    return replace(recipe, epochs=12, batch=8, encoder_rate=3e-3, head_rate=1e-2, average=0.9)


def test_a_teacher_is_followed_where_nobody_gave_a_label(tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the judge knows here it has from its teacher alone, which a second go takes as it is."""
    from safetensors.torch import load_file

    from annotators import judge_learning
    from annotators.judge_training import fit, hold_out, measured

    recipe = strict(judge_learning.RECIPE)
    monkeypatch.setattr(judge_learning, "TEACHER", recipe)
    bare = [replace(p, claims=tuple(replace(c, labels={}) for c in p.claims)) for p in PASSAGES]
    reached = judge_learning.learn_judge(PASSAGES, encoder, tmp_path / "judge", replace(recipe, epochs=1), teacher=encoder, unlabelled=bare)
    path = tmp_path / "judge-work" / "teacher" / "says.safetensors"
    says, written = load_file(path), path.stat().st_mtime_ns
    kept = len(hold_out(PASSAGES, recipe.seed)[0])
    assert {len(its) for its in says.values()} == {kept + len(bare) + 2 * kept + kept}  # two claims mixed of each, and as many sentences

    start = judge_learning.Start(encoder, tmp_path / "alone", recipe.seed)
    theirs = {name: its[kept : kept + len(bare)].numpy() for name, its in says.items()}
    rows = [replace(e, taught={n: t[i] for n, t in theirs.items()}) for i, e in enumerate(start.examples(bare, unlabelled=True))]
    fit(start.network, start.marks, rows, start.examples(PASSAGES), tmp_path / "alone", recipe)
    assert measured(start.network, start.examples(PASSAGES))["stance"]["accuracy"] > 80

    again = judge_learning.learn_judge(PASSAGES, encoder, tmp_path / "judge", replace(recipe, epochs=1), teacher=encoder, unlabelled=bare)
    assert (again, path.stat().st_mtime_ns) == (reached, written)


def test_any_encoders_pieces_are_blanked_but_those_that_open_and_close(encoder: str, tmp_path: Path) -> None:
    """MPNet's own piece for blanks is the last of its vocabulary, BERT's stands before all words."""
    from annotators.judge_learning import RECIPE, Start
    from annotators.judge_training import JudgeLearner, batches

    start = Start(encoder, tmp_path, 20)
    (batch,) = batches(start.examples(PASSAGES), 500, random.Random(0))
    for blank in (start.marks[2], int(batch.ids.max()) + 1):
        seen = []
        with start.network.register_forward_pre_hook(lambda _, read: (seen.append(read[0]), (batch.ids, *read[1:]))[1]):  # noqa: B023
            JudgeLearner(start.network, (*start.special, blank)).loss(batch, RECIPE)
        blanked = (seen[0] == blank) & (batch.ids != blank)
        assert 0.03 < float(blanked.float().mean()) < 0.09
        assert not blanked[torch.isin(batch.ids, torch.tensor(start.special))].any()


def test_the_mean_of_runs_is_no_worse_than_the_best_of_them(tmp_path: Path, encoder: str) -> None:
    from annotators.judge_learning import RECIPE, learn_judge
    from annotators.judge_training import scored

    reached = learn_judge(PASSAGES, encoder, tmp_path / "judge", replace(strict(RECIPE), epochs=3), runs=2)
    curves = [json.loads((tmp_path / "judge-work" / run / "curve.json").read_text()) for run in ("", "run-2")]
    assert curves[0] != curves[1]
    assert scored(reached)["score"] >= max(epoch["score"] for curve in curves for epoch in curve)


def test_an_encoder_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    from annotators.judge_learning import learn_judge

    with pytest.raises(BadInput, match="no/such: no encoder there; give a folder"):
        learn_judge(PASSAGES, str(tmp_path / "no" / "such"), tmp_path / "judge")
