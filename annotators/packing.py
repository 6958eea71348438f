"""Packs a trained network into a model folder: ONNX export in 8 bits, config; and takes it out again to be trained on.

NNCF chooses the 8 bits' ranges by reading some windows; see docs/attribution.md for what they cost and save.
"""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nncf
import numpy as np
import onnx
import torch
from transformers import AutoConfig

from annotators.network import AttributionNetwork
from schemas import labels
from schemas.errors import BadInput

NAMES = ("ids", "feature", "mask")
OUTPUTS = ("tags", "links", "inner")
"""What a model answers; the network's hidden states are for training alone."""
Sample = dict[str, np.ndarray]


def pack(
    network: AttributionNetwork, tokenizer_file: Path, special: tuple[str, str], out: Path, extra: dict[str, Any], samples: Sequence[Sample]
) -> str:
    """Writes a model folder aside and renames it. Returns the revision.

    extra: further config (calibration, figures); samples: windows by input's name, (1, l) each, to choose the 8 bits' ranges by.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=out.name, dir=out.parent))
    try:
        onnx.save(quantize(export_onnx(network), samples), aside / "model.onnx")
        shutil.copyfile(tokenizer_file, aside / "tokenizer.json")
        digest = hashlib.sha256()
        for name in ("model.onnx", "tokenizer.json"):
            digest.update((aside / name).read_bytes())
        revision = f"{out.name}-{digest.hexdigest()[:10]}"
        config = {
            "revision": revision,
            "label_set": labels.VERSION,
            "encoder": network.encoder.config.to_diff_dict(),
            "special": list(special),
            "steps": [[round(float(x), 5) for x in row] for row in network.steps.tolist()],
            "distance": [[round(float(x), 5) for x in row] for row in network.distance.tolist()],
            "inner_steps": [[round(float(x), 5) for x in row] for row in network.inner_steps.tolist()],
            "absent_source": round(float(network.absent_source.detach()), 5),
            **extra,
        }
        (aside / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        if out.exists():
            shutil.rmtree(out)
        aside.chmod(0o755)
        aside.rename(out)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return revision


def export_onnx(network: AttributionNetwork) -> onnx.ModelProto:
    """The network as ONNX in 32 bits; attention as plain products, which OpenVINO fuses and PyTorch's own fused one it does not."""
    network = copy.deepcopy(network).cpu().eval()
    network.encoder.set_attn_implementation("eager")
    ids = torch.ones((2, 16), dtype=torch.long)
    outputs = ("hidden", *OUTPUTS)
    axes = {name: {0: "batch", 1: "length"} for name in (*NAMES, *outputs)}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of the encoder's own shape checks
        whole = Path(folder) / "float.onnx"
        torch.onnx.export(
            network,
            (ids, torch.zeros_like(ids), torch.ones_like(ids, dtype=torch.bool)),
            str(whole),
            dynamo=False,
            opset_version=17,
            input_names=list(NAMES),
            output_names=list(outputs),
            dynamic_axes=axes,
        )
        model = onnx.load(whole)
    del model.graph.output[0]
    return model


def quantize(model: onnx.ModelProto, samples: Sequence[Sample]) -> onnx.ModelProto:
    """The model with its weights and what they are multiplied by in 8 bits; products within attention are left alone."""
    nncf.set_log_level(logging.ERROR)
    weights = {weight.name for weight in model.graph.initializer}
    attention = [n.name for n in model.graph.node if n.op_type == "MatMul" and n.input[1] not in weights]
    settings = {"preset": nncf.QuantizationPreset.MIXED, "model_type": nncf.ModelType.TRANSFORMER, "subset_size": len(samples)}
    return nncf.quantize(model, nncf.Dataset(list(samples)), ignored_scope=nncf.IgnoredScope(names=attention), **settings)


def unpack(folder: Path) -> AttributionNetwork:
    """The network of a model folder, to train on from, its weights as exact as 8 bits are; an inner layer, where it has none, begins anew.

    Errors: BadInput where the folder does not tell its encoder.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "encoder" not in config:
        raise BadInput(f"{folder}: was packed by an older version and cannot be trained on; start from its encoder")
    network = AttributionNetwork(AutoConfig.for_model(**config["encoder"]))
    weights = {name: torch.tensor(value) for name, value in named_weights(onnx.load(folder / "model.onnx").graph)}
    weights |= {name: torch.tensor(config[name]) for name in ("steps", "distance", "inner_steps") if name in config}
    weights["absent_source"] = torch.tensor([config["absent_source"]])
    if "inner_steps" not in config:
        weights |= {name: value for name, value in network.state_dict().items() if name.startswith("inner")}
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    return network


def named_weights(graph: onnx.GraphProto) -> Iterator[tuple[str, np.ndarray]]:
    """Each weight under its name in the network.

    Those of matrix products lost their names in the export and are told by their node's path; quantizing has multiplied their
    rows by what it divided their inputs by.
    """
    constants = {w.name: onnx.numpy_helper.to_array(w) for w in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    for node in (n for n in graph.node if n.op_type == "DequantizeLinear" and n.input[0] in constants):
        codes, scale, zero = (constants[name].astype(np.float32) for name in node.input)
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [-1 if scale.size > 1 and i == axis % codes.ndim else 1 for i in range(codes.ndim)]
        constants[node.output[0]] = (codes - zero.reshape(shape)) * scale.reshape(shape)
    for node in (n for n in graph.node if n.op_type == "Identity" and n.input[0] in constants):  # equal weights are exported once
        constants[node.output[0]] = constants[node.input[0]]
    for name, value in constants.items():
        yield name.removeprefix("dq_output_").rsplit("_", 1)[0] if name.startswith("dq_output_") else name, value
    for node in (n for n in graph.node if n.op_type == "MatMul" and n.input[1] in constants):
        value, smooth = constants[node.input[1]], _smoothing(node.input[0], makers, constants)
        yield node.name.strip("/").removesuffix("/MatMul").replace("/", ".") + ".weight", (value * smooth).T.copy()
    for node in (n for n in graph.node if n.op_type == "Gemm" and n.input[1] in constants):  # its weight stands as the network has it
        value, smooth = constants[node.input[1]], _smoothing(node.input[0], makers, constants)
        yield node.name.strip("/").removesuffix("/Gemm").replace("/", ".") + ".weight", value * smooth.T


def _smoothing(name: str, makers: dict[str, onnx.NodeProto], constants: dict[str, np.ndarray]) -> np.ndarray:
    """(rows, 1) what the input of a matrix product is multiplied by before it is quantized; ones where it is not."""
    while name in makers and makers[name].op_type in ("QuantizeLinear", "DequantizeLinear"):
        name = makers[name].input[0]
    node = makers.get(name)
    if node is None or node.op_type != "Mul" or "smooth_quant" not in name:
        return np.ones((1, 1), dtype=np.float32)
    return constants[node.input[1]].reshape(-1, 1)
