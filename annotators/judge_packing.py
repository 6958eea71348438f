"""Packs a trained judge into its folder: ONNX in 8 bits, tokenizer, config."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch

from annotators.context import Context
from annotators.judge_network import JudgeNetwork
from annotators.judging import JUDGED, LABELS
from annotators.packing import quantize
from annotators.role_words import FEATURES
from schemas import labels

NO_EVIDENCE: dict[str, list] = {"weights": [[0.0] * FEATURES] * len(LABELS["role"]), "bias": [0.0] * len(LABELS["role"])}
"""A judge that heeds no role words."""
NAMES = ("ids", "kinds", "mask")


def pack_judge(network: JudgeNetwork, tokenizer_file: Path, out: Path, samples: Sequence[Context]) -> str:
    """Writes a judge's folder; its temperatures are 1 and its shifts 0 until they are fitted. Returns the revision.

    samples: claims by which the ranges of the 8 bits are chosen.
    """
    rows = [{"ids": s.ids[None], "kinds": s.kinds[None], "mask": np.ones((1, len(s.ids)), dtype=np.int64)} for s in samples]
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(quantize(_exported(network), rows), out / "model.onnx")
    shutil.copyfile(tokenizer_file, out / "tokenizer.json")
    revision = f"{out.name}-{hashlib.sha256((out / 'model.onnx').read_bytes()).hexdigest()[:10]}"
    write_config(out, revision, NO_EVIDENCE, dict.fromkeys(JUDGED, 1.0), {name: dict.fromkeys(LABELS[name], 0.0) for name in JUDGED})
    return revision


def write_config(
    out: Path, revision: str, evidence: dict[str, list], temperature: dict[str, float], shift: dict[str, dict[str, float]]
) -> None:
    """Writes what a judge's scores are put through."""
    config = {"revision": revision, "label_set": labels.VERSION, "temperature": temperature, "shift": shift, "evidence": evidence}
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _exported(network: JudgeNetwork) -> onnx.ModelProto:
    network = copy.deepcopy(network).cpu().float().eval()
    network.encoder.set_attn_implementation("eager")
    ids = torch.ones((2, 16), dtype=torch.long)
    axes = {name: {0: "batch", 1: "length"} for name in NAMES} | {"scores": {0: "batch"}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = Path(folder) / "float.onnx"
        torch.onnx.export(
            network, (ids, torch.zeros_like(ids), torch.ones_like(ids)), str(whole), dynamo=False, opset_version=17,
            input_names=list(NAMES), output_names=["scores"], dynamic_axes=axes,
        )  # fmt: skip
        return onnx.load(whole)
