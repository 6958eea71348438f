"""Makes a trained network narrower, so that it reads faster: feed-forward neurons that can be spared go, the rest make up for them.

Layer after layer, from the lowest: of the activations on sample windows the second moments are taken; the neuron goes whose loss
changes what the layer gives least once the others have taken over what they can, one at a time (optimal brain surgeon, Hassibi and
Stork 1993).
What the layer is to give is what the wide network's gives, so a layer also makes up for what the ones below it lost.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from annotators.network import AttributionNetwork
from schemas.errors import BadInput

log = logging.getLogger(__name__)
DAMPING = 1e-4
"""Share of the mean second moment that is added to each, so that seldom active neurons are not refitted to noise."""
Window = tuple[Tensor, Tensor, Tensor]
"""ids, feature, mask: (b, l)."""


class Moments(NamedTuple):
    """Of d activations and a constant: (d + 1, d + 1) with each other, (d + 1, width) with the wanted output, and the output's own."""

    own: Tensor
    wanted: Tensor
    power: float


def narrow(network: AttributionNetwork, samples: Sequence[Window], width: int) -> AttributionNetwork:
    """A copy of a network whose feed-forward layers have `width` neurons, fitted on sample windows to give what the wide one gives.

    Errors: BadInput where the network is not wider than that, or its encoder has no feed-forward layers of BERT's kind.
    """
    config = network.encoder.config
    layers = getattr(getattr(network.encoder, "encoder", None), "layer", None)
    if layers is None or not all(hasattr(layer, "intermediate") for layer in layers):
        raise BadInput(f"a {config.model_type} encoder cannot be made narrower; BERT's kind can")
    if not 0 < width < config.intermediate_size:
        raise BadInput(f"{width} neurons a layer: give fewer than the {config.intermediate_size} that the model has")
    wide, slim = network.eval(), copy.deepcopy(network).eval()
    for number, (theirs, mine) in enumerate(zip(layers, slim.encoder.encoder.layer, strict=True), 1):
        moments = _moments(wide, slim, theirs, mine, samples)
        kept, weights = _spare(moments, _outgoing(mine), width)
        _replace(mine, kept, weights)
        lost = (moments.power - 2 * (weights * moments.wanted).sum() + (weights * (moments.own @ weights)).sum()) / moments.power
        log.info("layer %d: %d neurons kept, %.1f %% of its output's power lost", number, width, 100 * float(lost))
    slim.encoder.config.intermediate_size = width
    return slim


def _moments(wide: AttributionNetwork, slim: AttributionNetwork, theirs: Any, mine: Any, samples: Sequence[Window]) -> Moments:
    """Means over the sample windows' pieces. Wanted is what, added to the slim layer's input, makes the wide layer's sum."""
    size, width = mine.intermediate.dense.out_features + 1, mine.output.dense.out_features
    own, wanted = (torch.zeros(size, n, dtype=torch.float64) for n in (size, width))
    power, count = 0.0, 0
    with _watched(theirs) as their, _watched(mine) as our, torch.inference_mode():
        for ids, feature, mask in samples:
            wide(ids, feature, mask)
            slim(ids, feature, mask)
            active = nn.functional.pad(our["active"][mask], (0, 1), value=1.0)
            aim = (their["out"] + their["input"] - our["input"])[mask]
            own += active.T @ active
            wanted += active.T @ aim
            power += float(aim.square().sum())
            count += len(active)
    return Moments(own / count, wanted / count, power / count)


@contextmanager
def _watched(layer: Any) -> Iterator[dict[str, Tensor]]:
    """What goes into a feed-forward layer, what its neurons make of it and what comes out, at each pass."""
    seen: dict[str, Tensor] = {}
    hooks = [
        layer.intermediate.register_forward_hook(lambda _, given, active: seen.update(input=given[0], active=active)),
        layer.output.dense.register_forward_hook(lambda _, given, out: seen.update(out=out)),
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _outgoing(layer: Any) -> Tensor:
    """(d + 1, width) a layer's outgoing weights, its constant last."""
    dense = layer.output.dense
    return torch.cat([dense.weight.T, dense.bias[None]]).detach().double()


def _spare(moments: Moments, present: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The neurons to keep, (width,), and the outgoing weights, (d + 1, width of the output), nought for those that go."""
    size = len(present)
    damping = DAMPING * float(moments.own.diagonal()[:-1].mean())
    damped = moments.own + damping * torch.eye(size, dtype=torch.float64)
    inverse = torch.linalg.inv(damped)
    weights = inverse @ (moments.wanted + damping * present)
    alive = torch.ones(size, dtype=torch.bool)
    for _ in range(size - 1 - width):
        loss = weights.square().sum(1) / inverse.diagonal().clamp_min(1e-12)
        loss[~alive] = loss[-1] = float("inf")
        least = int(loss.argmin())
        column = inverse[:, least].clone()
        weights -= torch.outer(column / column[least], weights[least])
        inverse -= torch.outer(column, column) / column[least]
        alive[least], weights[least], inverse[least], inverse[:, least] = False, 0, 0, 0
    return alive[:-1].nonzero().squeeze(-1), weights


def _replace(layer: Any, kept: Tensor, weights: Tensor) -> None:
    """Puts the kept neurons in the place of all."""
    incoming, outgoing = layer.intermediate.dense, layer.output.dense
    for dense, value, constant in (
        (incoming, incoming.weight.detach()[kept], incoming.bias.detach()[kept]),
        (outgoing, weights[kept].T.float(), weights[-1].float()),
    ):
        dense.weight, dense.bias = nn.Parameter(value.contiguous()), nn.Parameter(constant.contiguous())
        dense.out_features, dense.in_features = value.shape
