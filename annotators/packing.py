"""Packs a trained network into a model folder: ONNX export, config; the opposite of `annotators.models`.

Not int8: without VNNI it saved an eighth of the time where it cost no F1 (see docs/attribution.md).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig

from annotators.claim_training import ClaimHeads
from annotators.network import AttributionNetwork
from schemas import labels
from schemas.errors import BadInput

NAMES = ("ids", "feature", "mask")
OUTPUTS = ("hidden", "tags", "links")
LARGE = 1000
"""Weights of so many numbers or more are stored in 16 bits."""


def pack(
    network: AttributionNetwork, heads: torch.nn.Module, tokenizer_file: Path, special: tuple[str, str], out: Path, extra: dict[str, Any]
) -> str:
    """Writes a model folder aside and renames it. extra: further config (temperature, figures). Returns the revision."""
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=out.name, dir=out.parent))
    try:
        export_onnx(network, aside / "model.onnx")
        save_file(
            {name: value.detach().cpu().half().contiguous() for name, value in heads.state_dict().items()}, aside / "heads.safetensors"
        )
        (aside / "heads.safetensors").chmod(0o644)  # safetensors writes for its owner alone
        shutil.copyfile(tokenizer_file, aside / "tokenizer.json")
        digest = hashlib.sha256()
        for name in ("model.onnx", "heads.safetensors", "tokenizer.json"):
            digest.update((aside / name).read_bytes())
        revision = f"{out.name}-{digest.hexdigest()[:10]}"
        config = {
            "revision": revision,
            "label_set": labels.VERSION,
            "encoder": network.encoder.config.to_diff_dict(),
            "special": list(special),
            "steps": [[round(float(x), 5) for x in row] for row in network.steps.tolist()],
            "distance": [[round(float(x), 5) for x in row] for row in network.distance.tolist()],
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


def export_onnx(network: AttributionNetwork, path: Path) -> None:
    """The network as ONNX, computed in 32 bits, its weights stored in 16."""
    network = network.cpu().eval()
    ids = torch.ones((2, 16), dtype=torch.long)
    axes = {name: {0: "batch", 1: "length"} for name in (*NAMES, *OUTPUTS)}
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
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
        )
        graph = onnx.load(whole)
    onnx.save(halve(graph), path)


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores large weights in 16 bits, each cast back when it is loaded (ONNX Runtime folds the casts away)."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        value = onnx.numpy_helper.to_array(weight)
        if value.dtype == np.float32 and value.size >= LARGE:
            name = weight.name
            weight.CopyFrom(onnx.numpy_helper.from_array(value.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def unpack(folder: Path) -> tuple[AttributionNetwork, ClaimHeads]:
    """The network and judging layer of a model folder, to train on from: the opposite of `pack`.

    Errors: BadInput where the folder does not tell its encoder.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "encoder" not in config:
        raise BadInput(f"{folder}: was packed by an older version and cannot be trained on; start from its encoder")
    network = AttributionNetwork(AutoConfig.for_model(**config["encoder"]))
    weights = {name: torch.from_numpy(value) for name, value in _weights(onnx.load(folder / "model.onnx").graph)}
    weights |= {name: torch.tensor(config[name]) for name in ("steps", "distance")}
    network.load_state_dict(weights | {"absent_source": torch.tensor([config["absent_source"]])})
    heads = ClaimHeads(network.encoder.config.hidden_size)
    heads.load_state_dict({name: value.float() for name, value in load_file(folder / "heads.safetensors").items()})
    return network, heads


def _weights(graph: onnx.GraphProto) -> Iterator[tuple[str, np.ndarray]]:
    """Each weight under its name in the network: those that the export turned round and renamed are told by their node's path."""
    kept = {w.name.removesuffix(".half"): onnx.numpy_helper.to_array(w).astype(np.float32) for w in graph.initializer}
    turned = {node.input[1]: node.name for node in graph.node if node.op_type == "MatMul" and node.input[1] in kept}
    for name, value in kept.items():
        if name in turned:
            yield turned[name].strip("/").removesuffix("/MatMul").replace("/", ".") + ".weight", value.T.copy()
        else:
            yield name, value
