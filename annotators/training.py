"""Trains the attribution network: AdamW, warm-up and linear decay, averaged weights, resumable, the best on dev kept.

Everything random comes from the seed and the step, so a run that was killed and resumed ends where an undisturbed
one ends. A checkpoint is written aside and renamed; there is never half of one.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from annotators.batches import Batch, epoch_batches
from annotators.corpora import Article
from annotators.network import AttributionNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """How to train. Lengths in word pieces, `batch` in windows, `minutes_between` checkpoints in minutes."""

    epochs: int = 4
    size: int = 320
    batch: int = 6
    encoder_rate: float = 4e-4
    head_rate: float = 1.5e-3
    layer_decay: float = 0.9
    warm_up: float = 0.08
    weight_decay: float = 0.02
    link_weight: float = 0.3
    average: float = 0.995
    seed: int = 20
    minutes_between: float = 5.0


@dataclass
class _State:
    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    """Sum over the epoch's steps."""


def train(
    network: AttributionNetwork,
    tokenizer: Tokenizer,
    articles: list[Article],
    out: Path,
    recipe: Recipe,
    *,
    special: tuple[int, int],
    evaluate: Callable[[AttributionNetwork], dict[str, float]],
    clock: Callable[[], float] = time.monotonic,
) -> list[dict[str, float]]:
    """Trains to the end of the recipe, resuming from a checkpoint in `out`; leaves the averaged weights there.

    evaluate: figures on dev, of which `score` decides what is kept. Returns the figures of each epoch.
    """
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    network.encoder.get_input_embeddings().weight.requires_grad_(False)
    average = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(_groups(network, recipe), weight_decay=recipe.weight_decay)
    per_epoch = sum(1 for _ in _epoch(articles, tokenizer, recipe, special, 0))
    total = per_epoch * recipe.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total, recipe.warm_up))
    state = _load(out, network, average, optimizer, schedule)
    curve = json.loads((out / "curve.json").read_text())[: state.epoch] if state.epoch else []
    saved = clock()
    for epoch in range(state.epoch, recipe.epochs):
        for number, batch in enumerate(_epoch(articles, tokenizer, recipe, special, epoch)):
            if number < state.step_in_epoch:
                continue
            began = clock()
            torch.manual_seed(recipe.seed * 1_000_003 + state.step)
            loss = _step(network, average, optimizer, batch, recipe, state.step, device)
            schedule.step()
            state.step += 1
            state.step_in_epoch = number + 1
            state.loss += loss
            state.seconds += clock() - began
            if state.step % 20 == 0:
                left = (total - state.step) * state.seconds / state.step
                log.info("epoch %d step %d/%d loss %.4f, %.0f min left", epoch + 1, state.step, total, loss, left / 60)
            if clock() - saved > recipe.minutes_between * 60:
                _save(out, network, average, optimizer, schedule, state)
                saved = clock()
        figures = evaluate(average)
        curve.append({"epoch": epoch + 1, "loss": state.loss / max(1, state.step_in_epoch), **figures})
        log.info("epoch %d: %s", epoch + 1, curve[-1])
        if figures["score"] >= max(c["score"] for c in curve):
            write_aside(out / "best.safetensors", lambda path: save_file(tensors(average), path))
        state.epoch, state.step_in_epoch, state.loss = epoch + 1, 0, 0.0
        write_aside(out / "curve.json", lambda path: path.write_text(json.dumps(curve, indent=1)))
        _save(out, network, average, optimizer, schedule, state)
    return curve


def tensors(network: torch.nn.Module) -> dict[str, Tensor]:
    """A module's weights by name, detached and on the CPU."""
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file under another name and renames it, so that the name never stands for half a file."""
    aside = path.with_name(path.name + ".part")
    write(aside)
    os.replace(aside, path)


def _epoch(articles: list[Article], tokenizer: Tokenizer, recipe: Recipe, special: tuple[int, int], epoch: int):  # noqa: ANN202
    rng = random.Random(f"{recipe.seed}/{epoch}")
    return epoch_batches(articles, tokenizer, size=recipe.size, batch=recipe.batch, special=special, rng=rng)


def _rate(step: int, total: int, warm_up: float) -> float:
    rising = step / max(1, total * warm_up)
    falling = (total - step) / max(1.0, total * (1 - warm_up))
    return max(0.02, min(rising, falling, 1.0))


def _groups(network: AttributionNetwork, recipe: Recipe) -> list[dict[str, object]]:
    """Parameter groups: lower layers learn more slowly, the fresh layers faster."""
    depth = network.encoder.config.num_hidden_layers
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if not name.startswith("encoder."):
            rate = recipe.head_rate
        else:
            layers = [int(part) for part in name.split(".") if part.isdigit()]
            layer = layers[0] + 1 if layers else 0
            rate = recipe.encoder_rate * recipe.layer_decay ** (depth - layer)
        groups.setdefault(rate, []).append(parameter)
    return [{"params": parameters, "lr": rate} for rate, parameters in groups.items()]


def _step(
    network: AttributionNetwork,
    average: AttributionNetwork,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    recipe: Recipe,
    step: int,
    device: torch.device,
) -> float:
    network.train()
    ids, feature, mask = batch.ids.to(device), batch.feature.to(device), batch.mask.to(device)
    _, scores, links = network(ids, feature, mask)
    loss = network.tag_loss(scores, batch.tags.to(device), mask)
    linking = network.link_loss(links, batch)
    total = loss + recipe.link_weight * linking
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    keep = min(recipe.average, (step + 1) / (step + 10))
    with torch.no_grad():
        for mine, new in zip(average.parameters(), network.parameters(), strict=True):
            mine.lerp_(new, 1 - keep)
    return float(total.detach())


def _save(out: Path, network, average, optimizer, schedule, state: _State) -> None:  # noqa: ANN001
    """Writes weights, averages and optimizer in one safetensors file, the counters in its header."""
    everything = {f"network.{k}": v for k, v in tensors(network).items()}
    everything |= {f"average.{k}": v for k, v in tensors(average).items()}
    for index, slots in optimizer.state_dict()["state"].items():
        everything |= {f"optimizer.{index}.{k}": v.detach().cpu().reshape(v.shape or (1,)) for k, v in slots.items()}
    header = {"state": json.dumps(asdict(state)), "schedule": str(schedule.last_epoch)}
    write_aside(out / "checkpoint.safetensors", lambda path: save_file(everything, path, metadata=header))


def _load(out: Path, network, average, optimizer, schedule) -> _State:  # noqa: ANN001
    """Takes up a checkpoint if there is one. Returns where it stood."""
    path = out / "checkpoint.safetensors"
    if not path.exists():
        return _State()
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        header = file.metadata()
    everything = load_file(path)
    network.load_state_dict(_part(everything, "network."))
    average.load_state_dict(_part(everything, "average."))
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(everything, "optimizer.").items():
        index, slot = name.split(".", 1)
        slots.setdefault(int(index), {})[slot] = value.reshape(()) if slot == "step" else value
    kept = optimizer.state_dict()
    kept["state"] = slots
    optimizer.load_state_dict(kept)
    schedule.last_epoch = int(header["schedule"]) - 1
    schedule.step()
    log.info("resumed from %s", path)
    return _State(**json.loads(header["state"]))


def _part(everything: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in everything.items() if name.startswith(prefix)}
