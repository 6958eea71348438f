"""The attribution network in PyTorch: any Hugging Face encoder with a tag layer, a CRF, a linking layer and an inner layer.

For each piece it gives seven tag scores, seven more for relations inside a content, and three vectors: as a cue (`query`), as part
of a source, and as part of a content (`keys`). A content belongs to the cue whose query agrees best with its keys; a cue takes the
source that agrees best with its query, or none, so that several cues may share one source.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig

from annotators.batches import Batch
from annotators.decoding import DISTANCES, Steps, distance_bucket
from annotators.inner import InnerLayer
from annotators.pieces import FEATURES
from annotators.tags import FORBIDDEN, TAGS, allowed_steps

LINK = 64
"""Width of the linking vectors."""


class AttributionNetwork(nn.Module):
    """Encoder, tag layer, CRF steps, linking layer and inner layer in one module."""

    def __init__(self, config: PretrainedConfig, encoder: nn.Module | None = None) -> None:
        super().__init__()
        self.encoder: Any = encoder if encoder is not None else AutoModel.from_config(config, add_pooling_layer=False)
        width = config.hidden_size
        self.feature = nn.Embedding(FEATURES, width)
        nn.init.zeros_(self.feature.weight)
        self.dropout = nn.Dropout(0.1)
        self.outputs = nn.Linear(width, len(TAGS) + 3 * LINK)
        self.distance = nn.Parameter(torch.zeros(2, DISTANCES))
        self.absent_source = nn.Parameter(torch.zeros(1))
        self.steps = nn.Parameter(torch.zeros(len(TAGS), len(TAGS)))
        self.inner = InnerLayer(2 * width)
        self.inner_steps = nn.Parameter(torch.zeros(len(TAGS), len(TAGS)))
        self.forbidden: Tensor
        self.register_buffer("forbidden", torch.from_numpy(~allowed_steps()) * FORBIDDEN, persistent=False)

    @classmethod
    def from_encoder(cls, path: str) -> AttributionNetwork:
        """A network on the encoder at a path or Hugging Face id, its own layers fresh.

        Attention weights are not dropped out: on a CPU that forbids the fused attention and costs a third of the time.
        """
        config = AutoConfig.from_pretrained(path, attention_probs_dropout_prob=0.0)
        return cls(config, AutoModel.from_pretrained(path, config=config, add_pooling_layer=False))

    def with_width(self, width: int) -> AttributionNetwork:
        """A network like this one with `width` neurons a feed-forward layer, its weights fresh."""
        config = copy.deepcopy(self.encoder.config)
        config.intermediate_size = width
        return AttributionNetwork(config)

    def forward(self, ids: Tensor, feature: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """ids, feature, mask: (batch, length).

        Returns hidden (b, l, width), tag scores (b, l, 7), links (b, l, 3, LINK), inner tag scores (b, l, 7).
        """
        embedded = self.encoder.get_input_embeddings()(ids) + self.feature(feature)
        states = self.encoder(inputs_embeds=embedded, attention_mask=mask, output_hidden_states=True).hidden_states
        halfway, hidden = states[len(states) // 2], states[-1]
        out = self.outputs(self.dropout(hidden))
        tags, links = out[..., : len(TAGS)], out[..., len(TAGS) :]
        inner = self.inner(torch.cat([halfway, hidden], -1).detach(), mask)
        return hidden, tags, links.unflatten(-1, (3, LINK)), inner

    def tag_loss(self, scores: Tensor, gold: Tensor, mask: Tensor) -> Tensor:
        """Mean negative log-likelihood a piece of the gold tag paths under the CRF. gold: (b, l); mask: (b, l) bool.

        The path begins after the opening special piece, with any tag: a window may begin inside a stretch.
        """
        return self._path_loss(scores, gold, mask, self.steps) / mask[:, 1:].sum()

    def inner_loss(self, scores: Tensor, gold: Tensor, within: Tensor, mask: Tensor) -> Tensor:
        """As `tag_loss`, of inner relations: a piece of no content (within: (b, l) bool) has no inner tag.

        The mean is over the contents' pieces.
        """
        scores = torch.where(within.unsqueeze(-1), scores, scores.new_tensor([0.0] + [FORBIDDEN] * (len(TAGS) - 1)))
        return self._path_loss(scores, gold, mask, self.inner_steps) / within.sum().clamp(min=1)

    def _path_loss(self, scores: Tensor, gold: Tensor, mask: Tensor, steps: Tensor) -> Tensor:
        steps = steps + self.forbidden
        scores, gold, mask = (value[:, 1:].transpose(0, 1) for value in (scores, gold, mask))
        forward = scores[0]
        for at in range(1, len(scores)):
            onward = torch.logsumexp(forward.unsqueeze(-1) + steps, dim=1) + scores[at]
            forward = torch.where(mask[at].unsqueeze(-1), onward, forward)
        path = scores.gather(-1, gold.unsqueeze(-1)).squeeze(-1)
        path = (path * mask).sum(0) + (steps[gold[:-1], gold[1:]] * mask[1:]).sum(0)
        return (torch.logsumexp(forward, dim=-1) - path).sum()

    def link_loss(self, links: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy of giving each content piece its cue, and each cue its source or none, among the window's own."""
        losses = []
        for link, cue, owner, source, own in zip(links, batch.cues, batch.owners, batch.sources, batch.source_of, strict=True):
            if not len(cue):
                continue
            at, owner = (owner >= 0).nonzero().squeeze(-1).to(link.device), owner.to(link.device)
            if len(cue) > 1 and len(at):
                losses.append(nn.functional.cross_entropy(self._scores(link, cue, at, 1), owner[at], reduction="none"))
            known = (own >= 0).nonzero().squeeze(-1)
            if len(source) and len(known):
                scores = torch.stack(
                    [self._scores(link, cue, torch.arange(a, b, device=link.device), 0).mean(0) for a, b in source.tolist()]
                )
                scores = torch.cat([scores, self.absent_source.expand(1, len(cue))]).T
                losses.append(nn.functional.cross_entropy(scores[known], own[known].to(link.device), reduction="none"))
        return torch.cat(losses).mean() if losses else links.sum() * 0.0

    def _scores(self, link: Tensor, cue: Tensor, at: Tensor, kind: int) -> Tensor:
        """(pieces, cues) agreement of the pieces at positions `at`, of a source (0) or a content (1), with each cue."""
        query = torch.stack([link[a:b, 0].mean(0) for a, b in cue.tolist()])
        middle = ((cue[:, 0] + cue[:, 1] - 1) // 2).to(at.device)
        near = torch.from_numpy(distance_bucket((at.unsqueeze(-1) - middle).cpu().numpy())).to(at.device)
        return link[at, 1 + kind] @ query.T / LINK**0.5 + self.distance[kind][near]


class TorchBackend:
    """A network in training as a backend of `annotators.attribution`."""

    def __init__(self, network: AttributionNetwork, special: tuple[int, int]) -> None:
        self.network, self.special = network.eval(), special
        self.device = next(network.parameters()).device
        steps, distance, inner = (value.detach().cpu().numpy() for value in (network.steps, network.distance, network.inner_steps))
        self.steps = Steps(steps, distance, float(network.absent_source.detach()), inner)

    def run(self, ids: np.ndarray, feature: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
        """See `annotators.attribution.Backend`."""
        with torch.inference_mode():
            inputs = (torch.from_numpy(x).to(self.device) for x in (ids, feature, mask))
            _, *outputs = self.network(*inputs)
        return tuple(output.cpu().numpy() for output in outputs)
