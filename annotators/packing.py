"""Packs a trained network into a model folder: ONNX export, int8, config; the opposite of `annotators.models`."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from annotators.network import AttributionNetwork
from schemas import labels

NAMES = ("ids", "feature", "mask")
OUTPUTS = ("hidden", "tags", "links")


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
        shutil.copyfile(tokenizer_file, aside / "tokenizer.json")
        digest = hashlib.sha256()
        for name in ("model.onnx", "heads.safetensors", "tokenizer.json"):
            digest.update((aside / name).read_bytes())
        revision = f"{out.name}-{digest.hexdigest()[:10]}"
        config = {
            "revision": revision,
            "label_set": labels.VERSION,
            "special": list(special),
            "steps": [[round(float(x), 5) for x in row] for row in network.steps],
            "distance": [[round(float(x), 5) for x in row] for row in network.distance],
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
    """The network as int8 ONNX: weights by channel, in seven bits, since without VNNI eight-bit products saturate."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

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
        quantize_dynamic(whole, path, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
