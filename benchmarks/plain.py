"""The plain way, to compare with: `transformers`' token classification pipeline, one story after another, on the shipped weights.

python benchmarks/plain.py STORIES.jsonl WINDOW OVERLAP
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from transformers import BertForTokenClassification, PreTrainedTokenizerFast, pipeline

from annotators.models import SHIPPED
from annotators.packing import unpack
from annotators.tags import TAGS


def main(path: str, window: int, overlap: int) -> None:
    """Prints each story's entities, a story a line."""
    torch.set_num_threads(1)
    network = unpack(SHIPPED)
    config = network.encoder.config
    config.num_labels, config.id2label, config.label2id = len(TAGS), dict(enumerate(TAGS)), {t: i for i, t in enumerate(TAGS)}
    model = BertForTokenClassification(config).eval()
    model.bert = network.encoder
    model.classifier.weight.data, model.classifier.bias.data = (p.data[: len(TAGS)] for p in (network.outputs.weight, network.outputs.bias))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(SHIPPED / "tokenizer.json"),
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
        model_max_length=window + 2,
    )
    tag = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple", stride=overlap, device="cpu")
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            story = json.loads(line)
            found = [(e["entity_group"], int(e["start"]), int(e["end"])) for e in tag(story["text"])]
            print(json.dumps({"id": story["id"], "found": found}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
