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
    found = heads.judge(hidden, ([(0, 2)], [(2, 3)], [(3, 4), (4, 5)]))
    assert found["role"].label == list(CHOICES["role"])[1]
    assert found["role"].score == pytest.approx(np.exp(3) / (np.exp(3) + 9), abs=1e-4)  # the mean of 2 and 4, ten roles
    assert found["stance"].label == list(CHOICES["stance"])[2]
    assert found["stance"].score == pytest.approx(np.exp(1) / (np.exp(1) + 2), abs=1e-4)  # the mean of 1 and 3, halved
    assert found["modality"].score == pytest.approx(1 / 3, abs=1e-4)  # nobody speaks for any
    # without a source its own weights speak
    assert heads.judge(hidden, ([], [(2, 3)], [(3, 5)]))["role"].score == pytest.approx(np.exp(9) / (np.exp(9) + 9), abs=1e-4)


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
        found = heads.judge(hidden.numpy(), parts)
        with torch.no_grad():
            scores = trained(hidden, parts)
        for name, (a, b) in label_offsets().items():
            expected: Any = torch.softmax(scores[a:b] / TEMPERATURE.get(name, 1.0), 0)
            assert found[name].label == str(list(CHOICES[name])[int(expected.argmax())])
            assert found[name].score == pytest.approx(float(expected.max()), abs=1e-4)
            labels.add((name, found[name].label))
    assert len(labels) > len(ELEMENTS)  # the parts matter
