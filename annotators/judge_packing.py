"""Packs a trained judge into its folder: ONNX in 8 bits, tokenizer, config; and takes it out again to be trained on."""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from annotators.context import Context
from annotators.judge_network import JudgeNetwork
from annotators.judging import JUDGED, LABELS, columns_of
from annotators.packing import named_weights, quantize
from annotators.role_words import FEATURES
from schemas import labels
from schemas.errors import BadInput

NO_EVIDENCE: dict[str, list] = {"weights": [[0.0] * FEATURES] * len(LABELS["role"]), "bias": [0.0] * len(LABELS["role"])}
"""A judge that heeds no role words."""
NAMES = ("ids", "kinds", "mask")
_BEFORE = [0, *itertools.accumulate(len(LABELS[name]) for name in JUDGED)][:-1]
"""Where each element's labels begin among all."""


def pack_judge(network: JudgeNetwork, tokenizer_file: Path, out: Path, samples: Sequence[Context]) -> str:
    """Writes a judge's folder; its temperatures are 1 and its shifts 0 until they are fitted. Returns the revision.

    samples: claims by which the ranges of the 8 bits are chosen.
    """
    rows = [{"ids": s.ids[None], "kinds": s.kinds[None], "mask": np.ones((1, len(s.ids)), dtype=np.int64)} for s in samples]
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(quantize(_exported(network), rows), out / "model.onnx")
    shutil.copyfile(tokenizer_file, out / "tokenizer.json")
    nothing = {name: dict.fromkeys(LABELS[name], 0.0) for name in JUDGED}
    return write_config(out, network.encoder.config.to_diff_dict(), NO_EVIDENCE, dict.fromkeys(JUDGED, 1.0), nothing)


def write_config(
    out: Path, encoder: dict[str, Any], evidence: dict[str, list], temperature: dict[str, float], shift: dict[str, dict[str, float]]
) -> str:
    """Writes what a judge's scores are put through, and what encoder it has. Returns the revision, which tells all that it judges by."""
    through = {"temperature": temperature, "shift": shift, "evidence": evidence}
    digest = hashlib.sha256((out / "model.onnx").read_bytes() + json.dumps(through, sort_keys=True).encode()).hexdigest()
    revision = f"{out.name}-{digest[:10]}"
    config = {"revision": revision, "label_set": labels.VERSION, "encoder": encoder} | through
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return revision


def unpack_judge(folder: Path) -> JudgeNetwork:
    """The network of a judge's folder, to train on from, its weights as exact as 8 bits are; labels added since begin anew.

    Errors: BadInput where the folder does not tell its encoder, or a label that it knows is gone.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "encoder" not in config:
        raise BadInput(f"{folder}: was packed by an older version and cannot be trained on; start from its encoder")
    network = JudgeNetwork(config=config["encoder"], layers=config["encoder"].get("num_hidden_layers", 12))
    graph = onnx.load(folder / "model.onnx").graph
    weights = {re.sub(r"^enc\.", "encoder.", name): torch.tensor(value) for name, value in named_weights(graph)}
    constants = {w.name: onnx.numpy_helper.to_array(w) for w in graph.initializer}
    absent = [constants[n.input[1]] for n in graph.node if re.fullmatch(r"/Mul(_\d)?", n.name) and n.input[1] in constants]
    weights["absent"] = torch.zeros_like(network.absent)  # exported as one constant a part
    weights["absent"][: len(absent)] = torch.tensor(np.stack(absent))
    known = np.concatenate([columns_of(folder, config, name) + at for name, at in zip(JUDGED, _BEFORE, strict=True)])
    for name in ("outer.weight", "outer.bias"):
        whole = network.state_dict()[name].clone()
        whole[known] = weights[name].to(whole.dtype)
        weights[name] = whole
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    return network


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
