"""The judging layer in numpy against the one that is trained, in PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from annotators.heads import ELEMENTS, Heads, Range, label_offsets
from schemas.labels import CHOICES

WIDTH, LENGTH = 12, 30
TEMPERATURE = {"role": 1.7, "stance": 0.6, "modality": 1.0}  # naming has none: 1
Parts = tuple[list[Range], list[Range], list[Range]]

PARTS: list[Parts] = [
    ([(3, 5)], [(5, 6)], [(8, 20)]),
    ([], [(5, 6)], [(8, 20)]),  # no source
    ([(3, 5)], [], []),
    ([], [], []),
    ([(0, 1), (10, 12)], [(1, 2), (4, 5)], [(6, 8), (9, 10), (20, LENGTH)]),  # several stretches: one mean over all pieces
]


def test_offsets_stand_side_by_side() -> None:
    assert {*ELEMENTS, "quotation"} == set(CHOICES)
    at = 0
    for name, (a, b) in label_offsets().items():
        assert (a, b) == (at, at + len(CHOICES[name]))
        at = b


def test_judged_by_hand() -> None:
    """Weights that let each part speak through one hidden unit for one label."""
    roles, stances = label_offsets()["role"], label_offsets()["stance"]
    weights = {
        "absent": np.array([[9.0], [0.0], [0.0]], dtype=np.float32),
        "inner.weight": np.eye(3, dtype=np.float32),
        "inner.bias": np.zeros(3, dtype=np.float32),
        "outer.weight": np.zeros((label_offsets()["naming"][1], 3), dtype=np.float32),
        "outer.bias": np.zeros(label_offsets()["naming"][1], dtype=np.float32),
    }
    weights["outer.weight"][roles[0] + 1, 0] = 1  # the source speaks for the second role
    weights["outer.weight"][stances[0] + 2, 2] = 1  # the content for the third stance
    heads = Heads(weights, {"stance": 2.0})
    hidden = np.array([[2.0], [4.0], [-5.0], [1.0], [3.0]], dtype=np.float32)
    found = heads.judge_all([(hidden, ([(0, 2)], [(2, 3)], [(3, 4), (4, 5)]))])[0]
    assert found["role"].label == list(CHOICES["role"])[1]
    assert found["role"].score == pytest.approx(np.exp(3) / (np.exp(3) + 9), abs=1e-4)  # the mean of 2 and 4, ten roles
    assert found["stance"].label == list(CHOICES["stance"])[2]
    assert found["stance"].score == pytest.approx(np.exp(1) / (np.exp(1) + 2), abs=1e-4)  # the mean of 1 and 3, halved
    assert found["modality"].score == pytest.approx(1 / 3, abs=1e-4)  # nobody speaks for any
    # without a source its own weights speak
    assert heads.judge_all([(hidden, ([], [(2, 3)], [(3, 5)]))])[0]["role"].score == pytest.approx(np.exp(9) / (np.exp(9) + 9), abs=1e-4)


def test_many_claims_as_one_by_one() -> None:
    rng = np.random.default_rng(7)
    labels = label_offsets()["naming"][1]
    shapes = {
        "absent": (3, WIDTH),
        "inner.weight": (8, 3 * WIDTH),
        "inner.bias": (8,),
        "outer.weight": (labels, 8),
        "outer.bias": (labels,),
    }
    heads = Heads({name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}, TEMPERATURE)
    windows = [rng.normal(0, 1, (LENGTH, WIDTH)).astype(np.float32) for _ in range(3)]
    claims = [(window, parts) for parts in PARTS for window in windows]
    found = heads.judge_all(claims)
    assert [set(f) for f in found] == [set(ELEMENTS)] * len(claims)
    for (window, parts), choices in zip(claims, found, strict=True):
        scores = plain_scores(heads, window, parts)
        for name, (a, b) in label_offsets().items():
            probability = np.exp(scores[a:b] / TEMPERATURE.get(name, 1.0))
            probability /= probability.sum()
            assert choices[name].label == str(list(CHOICES[name])[int(probability.argmax())])
            assert choices[name].score == pytest.approx(probability.max(), abs=1e-4)
            assert choices[name].score == round(choices[name].score, 4)
            np.testing.assert_allclose(heads.scores(window, parts)[name], scores[a:b], rtol=1e-4, atol=1e-4)
    assert heads.judge_all([]) == []


def plain_scores(heads: Heads, hidden: np.ndarray, parts: Parts) -> np.ndarray:
    """One claim's scores: the mean of each part's pieces, through the two layers."""
    pieces = [[i for a, b in ranges for i in range(a, b)] for ranges in parts]
    means = [hidden[p].mean(0) if p else absent for p, absent in zip(pieces, heads.weights["absent"], strict=True)]
    inner = np.maximum(heads.weights["inner.weight"] @ np.concatenate(means) + heads.weights["inner.bias"], 0)
    return heads.weights["outer.weight"] @ inner + heads.weights["outer.bias"]


def test_from_file(tmp_path: Path) -> None:
    save_file({"absent": np.ones((3, 2), dtype=np.float16)}, tmp_path / "heads.safetensors")
    heads = Heads.load(tmp_path / "heads.safetensors", TEMPERATURE)
    assert heads.weights["absent"].dtype == np.float32
    assert heads.temperature == TEMPERATURE


@pytest.mark.train
@pytest.mark.parametrize("seed", range(4))
def test_same_as_in_training(tmp_path: Path, seed: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; `make train-env` installs it")
    pytest.importorskip("transformers", reason="transformers is not installed; `make train-env` installs it")
    from safetensors.torch import save_model

    from annotators.claim_training import ClaimHeads

    torch.manual_seed(seed)
    trained = ClaimHeads(WIDTH).eval()
    with torch.no_grad():
        trained.absent.normal_()
        trained.outer.weight.mul_(5)  # so that labels differ clearly
    save_model(trained, str(tmp_path / "heads.safetensors"))
    heads = Heads.load(tmp_path / "heads.safetensors", TEMPERATURE)
    hidden = torch.randn(LENGTH, WIDTH)
    labels: set[tuple[str, str]] = set()
    for parts in PARTS:
        found = heads.judge_all([(hidden.numpy(), parts)])[0]
        with torch.no_grad():
            scores = trained(hidden, parts)
        for name, (a, b) in label_offsets().items():
            expected: Any = torch.softmax(scores[a:b] / TEMPERATURE.get(name, 1.0), 0)
            assert found[name].label == str(list(CHOICES[name])[int(expected.argmax())])
            assert found[name].score == pytest.approx(float(expected.max()), abs=1e-4)
            labels.add((name, found[name].label))
    assert len(labels) > len(ELEMENTS)  # the parts matter
