"""Trains attribution, or a judge: AdamW, warm-up and linear decay, averaged weights, resumable, the best on dev kept.

Everything random comes from the seed and the step, so a run that was killed and resumed ends where an undisturbed
one ends. A checkpoint is written aside and renamed; there is never half of one.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoTokenizer

from annotators.batches import Batch
from annotators.network import AttributionNetwork
from schemas.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)
FLAT_ARTICLES = 0.05
"""Weight for inner relations of articles in which nothing is nested: about the share of PolNeAR's that the shipped layer saw in a pass."""


@dataclass(frozen=True)
class Recipe:
    """How to train. Lengths in word pieces, `batch` in windows, `minutes_between` checkpoints in minutes.

    passage_tags: weight of the written passages' tags and links, whose conventions are not quite the articles';
    patience: epochs without a better score on dev after which to stop; width: neurons a feed-forward layer, fewer than the model has
    that is trained on, which is then followed with weight `follow` (see `annotators.slimming`); keep: the model that is trained on is
    followed so though it stays as wide, that old skill is not lost without its data (Li and Hoiem 2016, on hidden states).
    """

    epochs: int = 8
    size: int = 320
    batch: int = 8
    encoder_rate: float = 4e-4
    head_rate: float = 1.5e-3
    layer_decay: float = 0.9
    warm_up: float = 0.06
    weight_decay: float = 0.02
    link_weight: float = 0.3
    passage_tags: float = 0.3
    average: float = 0.996
    patience: int = 3
    seed: int = 20
    minutes_between: float = 5.0
    width: int | None = None
    follow: float = 4.0
    keep: bool = False


class Learner(nn.Module):
    """What is trained: the attribution network, by its tags, links and inner tags."""

    def __init__(self, network: AttributionNetwork) -> None:
        super().__init__()
        self.network = network
        self.leader: tuple[AttributionNetwork, ...] = ()  # in a tuple, so that its weights are not among the learner's own

    def follow(self, leader: AttributionNetwork) -> None:
        """From now on the loss counts how far the network's hidden states are from a leader's, and nothing is dropped out."""
        self.leader = (leader.eval(),)
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0

    def loss(self, batch: Batch, recipe: Recipe) -> Tensor:
        """Of one batch: tags and links, and how far a leader is; inner tags, which move the inner layer alone."""
        device = next(self.parameters()).device
        ids, feature, mask = batch.ids.to(device), batch.feature.to(device), batch.mask.to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bfloat16(device)):
            hidden, scores, links, inner = self.network(ids, feature, mask)
        tags = self.network.tag_loss(scores.float(), batch.tags.to(device), mask)
        relations = tags + recipe.link_weight * self.network.link_loss(links.float(), batch)
        if self.leader:
            relations = relations + recipe.follow * self._distance(hidden, ids, feature, mask)
        nested = self.network.inner_loss(inner.float(), batch.inner.to(device), batch.within.to(device), mask)
        flat = not batch.written and not batch.inner.any()
        return (recipe.passage_tags if batch.written else 1.0) * relations + (FLAT_ARTICLES if flat else 1.0) * nested

    def _distance(self, hidden: Tensor, ids: Tensor, feature: Tensor, mask: Tensor) -> Tensor:
        """Mean squared distance of the hidden states from the leader's, as a share of the variance of these."""
        with torch.no_grad(), torch.autocast(ids.device.type, dtype=torch.bfloat16, enabled=has_bfloat16(ids.device)):
            theirs = self.leader[0].to(ids.device)(ids, feature, mask)[0][mask].float()
        return (hidden[mask].float() - theirs).square().mean() / theirs.var()


def tokenizer_of(encoder: str) -> Any:
    """The tokenizer of an encoder at a path or Hugging Face id. Errors: BadInput where there is none."""
    try:
        return AutoTokenizer.from_pretrained(encoder)
    except (OSError, ValueError) as error:
        raise BadInput(f"{encoder}: no encoder there; give a folder of a model, or a Hugging Face id that can be reached") from error


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 faster than in float32: two to three times on a CPU that has it."""
    return torch.cpu._is_avx512_bf16_supported() if device.type == "cpu" else torch.cuda.is_bf16_supported()


@dataclass
class _State:
    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    """Sum over the epoch's steps."""


def train(
    learner: Any,
    plan: Callable[[int], Iterable[Any]],
    out: Path,
    recipe: Recipe,
    *,
    evaluate: Callable[[Any], dict[str, float]],
    clock: Callable[[], float] = time.monotonic,
) -> list[dict[str, float]]:
    """Trains to the end of the recipe, resuming from a checkpoint in `out`; leaves the best averaged weights there.

    learner: a `Learner`, or what has a `network` with an `encoder`, and a `loss` as it has; plan: the batches of an epoch; evaluate:
    figures on dev, of which `score` decides what is kept and when to stop.
    Returns the figures of each epoch.
    """
    out.mkdir(parents=True, exist_ok=True)
    learner.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    learner.network.encoder.get_input_embeddings().weight.requires_grad_(False)
    average = copy.deepcopy(learner).eval()
    optimizer = torch.optim.AdamW(_groups(learner, recipe), weight_decay=recipe.weight_decay)
    total = sum(1 for _ in plan(0)) * recipe.epochs
    state = _load(out, learner, average, optimizer)
    curve = json.loads((out / "curve.json").read_text())[: state.epoch] if state.epoch else []
    saved = clock()
    for epoch in range(state.epoch, recipe.epochs):
        if _stalled(curve, recipe.patience):
            log.info("stopped early: no better score on dev in %d epochs", recipe.patience)
            break
        for number, batch in enumerate(plan(epoch)):
            if number < state.step_in_epoch:
                continue
            began = clock()
            torch.manual_seed(recipe.seed * 1_000_003 + state.step)
            for group in optimizer.param_groups:
                group["lr"] = group["rate"] * _rate(state.step, total, recipe.warm_up)
            loss = _step(learner, average, optimizer, batch, recipe, state.step)
            state.step += 1
            state.step_in_epoch = number + 1
            state.loss += loss
            state.seconds += clock() - began
            if state.step % 20 == 0:
                left = (total - state.step) * state.seconds / state.step
                log.info("epoch %d step %d/%d loss %.4f, %.0f min left", epoch + 1, state.step, total, loss, left / 60)
            if clock() - saved > recipe.minutes_between * 60:
                _save(out, learner, average, optimizer, state)
                saved = clock()
        figures = evaluate(average.network)
        curve.append({"epoch": epoch + 1, "loss": state.loss / max(1, state.step_in_epoch), **figures})
        log.info("epoch %d: %s", epoch + 1, curve[-1])
        if figures["score"] >= max(c["score"] for c in curve):
            write_aside(out / "best.safetensors", lambda path: save_file(tensors(average), path))
        state.epoch, state.step_in_epoch, state.loss = epoch + 1, 0, 0.0
        write_aside(out / "curve.json", lambda path: path.write_text(json.dumps(curve, indent=1)))
        _save(out, learner, average, optimizer, state)
    return curve


def _stalled(curve: list[dict[str, float]], patience: int) -> bool:
    scores = [epoch["score"] for epoch in curve]
    return len(scores) > patience and max(scores[-patience:]) <= max(scores[:-patience])


def tensors(network: torch.nn.Module) -> dict[str, Tensor]:
    """A module's weights by name, detached and on the CPU."""
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file under another name and renames it, so that the name never stands for half a file."""
    aside = path.with_name(path.name + ".part")
    write(aside)
    os.replace(aside, path)


def _rate(step: int, total: int, warm_up: float) -> float:
    rising = step / max(1, total * warm_up)
    falling = (total - step) / max(1.0, total * (1 - warm_up))
    return max(0.02, min(rising, falling, 1.0))


def _groups(learner: Any, recipe: Recipe) -> list[dict[str, object]]:
    """Parameter groups: lower layers learn more slowly, the fresh layers faster."""
    depth = learner.network.encoder.config.num_hidden_layers
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for name, parameter in learner.named_parameters():
        if not parameter.requires_grad:
            continue
        if not name.startswith("network.encoder."):
            rate = recipe.head_rate
        else:
            layers = [int(part) for part in name.split(".") if part.isdigit()]
            layer = layers[0] + 1 if layers else 0
            rate = recipe.encoder_rate * recipe.layer_decay ** (depth - layer)
        groups.setdefault(rate, []).append(parameter)
    return [{"params": parameters, "lr": rate, "rate": rate} for rate, parameters in groups.items()]


def _step(learner: Any, average: Any, optimizer: torch.optim.Optimizer, batch: Any, recipe: Recipe, step: int) -> float:
    learner.train()
    total = learner.loss(batch, recipe)
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
    optimizer.step()
    keep = min(recipe.average, (step + 1) / (step + 10))
    with torch.no_grad():
        for mine, new in zip(average.parameters(), learner.parameters(), strict=True):
            if new.requires_grad:
                mine.lerp_(new, 1 - keep)
    return float(total.detach())


def _save(out: Path, learner, average, optimizer, state: _State) -> None:  # noqa: ANN001
    """Writes weights, averages and optimizer in one safetensors file, the counters in its header."""
    everything = {f"learner.{k}": v for k, v in tensors(learner).items()}
    everything |= {f"average.{k}": v for k, v in tensors(average).items()}
    for index, slots in optimizer.state_dict()["state"].items():
        everything |= {f"optimizer.{index}.{k}": v.detach().cpu().reshape(v.shape or (1,)) for k, v in slots.items()}
    header = {"state": json.dumps(asdict(state))}
    write_aside(out / "checkpoint.safetensors", lambda path: save_file(everything, path, metadata=header))


def _load(out: Path, learner, average, optimizer) -> _State:  # noqa: ANN001
    """Takes up a checkpoint if there is one. Returns where it stood."""
    path = out / "checkpoint.safetensors"
    if not path.exists():
        return _State()
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        header = file.metadata()
    everything = load_file(path)
    learner.load_state_dict(_part(everything, "learner."))
    average.load_state_dict(_part(everything, "average."))
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(everything, "optimizer.").items():
        index, slot = name.split(".", 1)
        slots.setdefault(int(index), {})[slot] = value.reshape(()) if slot == "step" else value
    kept = optimizer.state_dict()
    kept["state"] = slots
    optimizer.load_state_dict(kept)
    log.info("resumed from %s", path)
    return _State(**json.loads(header["state"]))


def _part(everything: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in everything.items() if name.startswith(prefix)}
