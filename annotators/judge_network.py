"""The judge in PyTorch: a few layers of an encoder over a claim in context, and one layer over the means of its parts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from annotators.context import CONTENT, CUE, SOURCE, SPEAKER
from annotators.judging import JUDGED, LABELS

INNER, LAYERS = 256, 4
"""Width of the judging layer; layers kept of the encoder."""
PARTS = (SPEAKER, SOURCE, CUE, CONTENT)


class JudgeNetwork(nn.Module):
    """Scores of every element's labels, side by side. The encoder's word vectors stay as they are.

    layers: how many of the encoder's are kept; None: all.
    """

    def __init__(self, encoder: str | None = None, layers: int | None = LAYERS, config: dict | None = None) -> None:
        super().__init__()
        if encoder is None:
            self.encoder = AutoModel.from_config(AutoConfig.for_model(**(config or {})), add_pooling_layer=False)
        else:
            self.encoder = AutoModel.from_pretrained(encoder, add_pooling_layer=False)
        self.encoder.encoder.layer = self.encoder.encoder.layer[:layers]
        self.encoder.config.num_hidden_layers = len(self.encoder.encoder.layer)
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        width = self.encoder.config.hidden_size
        self.kinds = nn.Embedding(6, width)
        nn.init.normal_(self.kinds.weight, 0, 0.02)
        self.absent = nn.Parameter(torch.zeros(5, width))
        self.inner = nn.Linear(5 * width, INNER)
        self.outer = nn.Linear(INNER, sum(map(len, LABELS.values())))
        self.drop = nn.Dropout(0.15)

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor) -> Tensor:
        """ids, kinds, mask: (b, l). Returns (b, labels)."""
        vectors = self.encoder.embeddings.word_embeddings(ids) + self.kinds(kinds)
        hidden = self.encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
        means = [hidden[:, 0].float()]
        for i, kind in enumerate(PARTS):
            part = ((kinds == kind) & (mask > 0)).to(hidden.dtype)
            count = part.sum(1, keepdim=True)
            mean = (part.unsqueeze(1) @ hidden).squeeze(1) / count.clamp(min=1)
            means.append(mean.float() + (count == 0).float() * self.absent[i])
        return self.outer(self.drop(torch.relu(self.inner(self.drop(torch.cat(means, 1))))))


def parted(scores: Tensor) -> dict[str, Tensor]:
    """Each element's scores of its labels."""
    return dict(zip(JUDGED, scores.split([len(LABELS[name]) for name in JUDGED], dim=1), strict=True))
