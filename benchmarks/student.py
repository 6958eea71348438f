"""A student cheap enough to be trained dozens of times on one core: the lower layers stand still and each window goes through them once.

It is the project's own attribution network on MiniLM's upper layers, with the form feature added where these begin. It falls short
of a network trained whole; what it is for is to compare orders of reviewing at equal cost.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from annotators.batches import Batch, Gold, collate, gold_of
from annotators.corpora import Article
from annotators.decoding import Steps
from annotators.network import AttributionNetwork
from annotators.training import has_bfloat16, tensors, write_aside
from annotators.windows import windows

CPU = torch.device("cpu")


class _Pass(nn.Module):
    """Embeddings that take what the lower layers gave."""

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> Tensor:
        return inputs_embeds


class Lower:
    """The frozen layers. They give a window's states, kept from its first reading on where they are to be seen again."""

    def __init__(self, encoder: str, layers: int) -> None:
        loaded = AutoTokenizer.from_pretrained(encoder)
        self.tokenizer: Tokenizer = loaded.backend_tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.special = (loaded.cls_token_id, loaded.sep_token_id)
        config = AutoConfig.from_pretrained(encoder, num_hidden_layers=layers)
        self._model = AutoModel.from_pretrained(encoder, config=config, add_pooling_layer=False).eval()
        self._kept: dict[bytes, Tensor] = {}

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(b, l, width) for (b, l) ids."""
        keys = [row[m].numpy().tobytes() for row, m in zip(ids, mask, strict=True)]
        new = [i for i, key in enumerate(keys) if key not in self._kept]
        if new:
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bfloat16(CPU)):
                given = self._model(input_ids=ids[new], attention_mask=mask[new]).last_hidden_state.bfloat16()
            for i, states in zip(new, given, strict=True):
                self._kept[keys[i]] = states[: int(mask[i].sum())].clone()
        out = torch.zeros((*ids.shape, next(iter(self._kept.values())).shape[-1]))
        for row, key in enumerate(keys):
            out[row, : len(self._kept[key])] = self._kept[key].float()
        return out


class Student(AttributionNetwork):
    """The attribution network over what the lower layers give."""

    def __init__(self, encoder: str, frozen: int) -> None:
        config = AutoConfig.from_pretrained(encoder, attention_probs_dropout_prob=0.0)
        upper = AutoModel.from_pretrained(encoder, config=config, add_pooling_layer=False)
        upper.encoder.layer = upper.encoder.layer[frozen:]
        upper.embeddings = _Pass()
        super().__init__(config, upper)

    def forward(self, states: Tensor, feature: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As the network's, with states (b, l, width) in place of ids."""
        hidden = self.encoder(inputs_embeds=states + self.feature(feature), attention_mask=mask).last_hidden_state
        out = self.outputs(self.dropout(hidden))
        tags, links = out[..., : -3 * 64], out[..., -3 * 64 :]
        return hidden, tags, links.unflatten(-1, (3, 64)), torch.zeros_like(tags)


class StudentBackend:
    """A student as a backend of `annotators.attribution`."""

    def __init__(self, student: Student, lower: Lower) -> None:
        self.student, self.lower, self.special = student.eval(), lower, lower.special
        steps, distance = (value.detach().numpy() for value in (student.steps, student.distance))
        self.steps = Steps(steps, distance, float(student.absent_source.detach()))

    def run(self, ids: np.ndarray, feature: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
        """See `annotators.attribution.Backend`."""
        masked = torch.from_numpy(mask)
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bfloat16(CPU)):
            states = self.lower.states(torch.from_numpy(ids), masked)
            _, *outputs = self.student(states, torch.from_numpy(feature), masked)
        return tuple(output.float().numpy() for output in outputs)


@dataclass(frozen=True)
class Lesson:
    """How a student is taught: passes over the articles, windows a step, rates of its encoder and of its own layers."""

    epochs: int
    batch: int = 8
    encoder_rate: float = 4e-4
    head_rate: float = 1.5e-3
    warm_up: float = 0.06
    average: float = 0.99
    link_weight: float = 0.3


Cuts = list[tuple[Gold, int, int]]


def cuts_of(articles: Sequence[Article], lower: Lower) -> Cuts:
    """The windows of articles with their gold, cut as they are when read."""
    found: Cuts = []
    for article in articles:
        gold = gold_of(article, lower.tokenizer)
        found += [(gold, a, b) for a, b in windows(gold.pieces)]
    return found


def teach(student: Student, cuts: Cuts, lower: Lower, lesson: Lesson, seed: int, say: Callable[[str], None]) -> Student:
    """A taught copy of a student, its weights averaged over the last steps."""
    learner, average = copy.deepcopy(student).train(), copy.deepcopy(student)
    heads = [p for name, p in learner.named_parameters() if not name.startswith("encoder.")]
    groups = [{"params": list(learner.encoder.parameters()), "rate": lesson.encoder_rate}, {"params": heads, "rate": lesson.head_rate}]
    optimizer = torch.optim.AdamW([{**group, "lr": 0.0} for group in groups], weight_decay=0.02)
    total = lesson.epochs * -(-len(cuts) // lesson.batch)
    torch.manual_seed(seed)
    for step, batch in enumerate(_batches(cuts, lower.special, lesson, random.Random(seed))):
        rising, falling = step / max(1, total * lesson.warm_up), (total - step) / (total * (1 - lesson.warm_up))
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * max(0.02, min(rising, falling, 1.0))
        loss = _loss(learner, batch, lower, lesson)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        keep = min(lesson.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for mine, new in zip(average.parameters(), learner.parameters(), strict=True):
                mine.lerp_(new, 1 - keep)
        if step % 50 == 0:
            say(f"step {step}/{total}, loss {float(loss.detach()):.3f}")
    return average.eval()


def _batches(cuts: Cuts, special: tuple[int, int], lesson: Lesson, rng: random.Random) -> Iterator[Batch]:
    """All epochs' batches, windows of like length together."""
    for _ in range(lesson.epochs):
        near = sorted(rng.sample(cuts, len(cuts)), key=lambda cut: (cut[2] - cut[1]) // 16)
        groups = [near[i : i + lesson.batch] for i in range(0, len(near), lesson.batch)]
        for group in rng.sample(groups, len(groups)):
            yield collate(group, special)


def _loss(learner: Student, batch: Batch, lower: Lower, lesson: Lesson) -> Tensor:
    states = lower.states(batch.ids, batch.mask)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bfloat16(CPU)):
        _, scores, links, _ = learner(states, batch.feature, batch.mask)
    return learner.tag_loss(scores.float(), batch.tags, batch.mask) + lesson.link_weight * learner.link_loss(links.float(), batch)


def save(student: Student, path: Path) -> None:
    """Writes a student's weights aside and renames them."""
    write_aside(path, lambda aside: save_file(tensors(student), aside))


def load(student: Student, path: Path) -> Student:
    """The student with the weights of a file."""
    student.load_state_dict(load_file(path))
    return student.eval()
