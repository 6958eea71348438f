"""A tiny real encoder for the tests of training."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def tiny_encoder(folder: Path, texts: Iterable[str], layers: int) -> str:
    """Writes a Hugging Face encoder, 32 wide, over the words of the texts, always with the same weights; gives its path."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    words = sorted({w.lower() for text in texts for w in text.replace(".", " . ").split()})
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(words) + 5, hidden_size=32, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return str(folder)
