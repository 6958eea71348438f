"""The layer for relations inside a content, in PyTorch: a second row of tags for every piece.

PolNeAR gives each piece to one relation; the project's written claims nest them. So this layer learns from both what each has, which
the tags of outer relations cannot hold: inside contents alone, from what the encoder gives and what it has halfway, and without
moving the encoder, so that outer relations stay as they are.
"""

from __future__ import annotations

from torch import Tensor, nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertEncoder

from annotators.tags import TAGS

WIDTH = 256
"""Far narrower than an encoder's layers, so that it costs little."""


class InnerLayer(nn.Module):
    """Tag scores of inner relations: states made narrow, one layer of attention, tags."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.narrow = nn.Linear(width, WIDTH)
        shape = BertConfig(
            hidden_size=WIDTH,
            num_hidden_layers=1,
            num_attention_heads=8,
            intermediate_size=2 * WIDTH,
            attention_probs_dropout_prob=0.0,
        )
        shape._attn_implementation = "eager"  # plain products, which OpenVINO fuses
        self.layer = BertEncoder(shape)
        self.dropout = nn.Dropout(0.2)
        self.tags = nn.Linear(WIDTH, len(TAGS))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """states: (batch, length, width), mask: (b, l). Returns scores (b, l, 7)."""
        narrow = self.narrow(self.norm(states))
        closed = (~mask.bool())[:, None, None, :] * -1e4
        return self.tags(self.dropout(self.layer(narrow, attention_mask=closed.to(narrow.dtype)).last_hidden_state))
