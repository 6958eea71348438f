"""Text to word pieces with offsets and form features.

Quotation marks are made straight before the tokenizer sees them, two single ones in a row a double one (code point for code point,
so offsets hold); what that loses is given back as a feature: whether a piece stands inside quotation marks.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from schemas.story import BREAK

if TYPE_CHECKING:
    from collections.abc import Collection

    from tokenizers import Tokenizer

SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # half characters, of which the tokenizer takes none
_STRAIGHT = SURROGATES | str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "`": "'"})
_SENTENCE_ENDS = re.compile(r"""[.!?]["')]*\s+(?:["'(]+\s*)?""")
QUOTED, FIRST = 1, 2
"""A piece's form feature is the sum of these: inside quotation marks, first of its paragraph."""
FEATURES = 4
"""How many values that feature has."""


@dataclass(frozen=True)
class Pieces:
    """A story as word pieces.

    ids: (n,) vocabulary ids; start, end: (n,) code points; feature: (n,) form feature, below FEATURES;
    opens: (n,) whether a sentence begins there, as its marks tell.
    """

    ids: np.ndarray
    start: np.ndarray
    end: np.ndarray
    feature: np.ndarray
    opens: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> Pieces:
        return Pieces(self.ids[part], self.start[part], self.end[part], self.feature[part], self.opens[part])

    def covering(self, start: int, end: int) -> tuple[int, int]:
        """First and one-past-last piece that overlap code points start to end; an empty range if none does."""
        return int(np.searchsorted(self.end, start, "right")), int(np.searchsorted(self.start, end, "left"))


def paragraph_starts(text: str) -> list[int]:
    """Code points at which paragraphs begin, the first at 0; a paragraph ends at an empty line."""
    return [0, *(m.end() for m in BREAK.finditer(text))]


def split_pieces(text: str, tokenizer: Tokenizer, *, joined: Collection[int] = ()) -> Pieces:
    """Word pieces of a text.

    joined: numbers of paragraphs to read as one with the paragraph before (training uses it as a variation).
    """
    single = text.translate(_STRAIGHT)
    straight = single.replace("''", '" ')
    encoding = tokenizer.encode(straight, add_special_tokens=False)
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    starts = [s for i, s in enumerate(paragraph_starts(text)) if i not in joined]
    start, end = offsets[:, 0], offsets[:, 1]
    end = end + np.isin(start, [m.start() for m in re.finditer("''", single)])  # a double mark is both its single ones
    paragraph = np.searchsorted(starts, start, "right") - 1
    first = np.ones(len(start), dtype=bool)
    first[1:] = paragraph[1:] != paragraph[:-1]
    quoted = _inside_quotes(straight, starts)[start] if len(start) else np.zeros(0, dtype=bool)
    feature = QUOTED * quoted + FIRST * first
    opens = np.isin(start, [m.end() for m in _SENTENCE_ENDS.finditer(straight)])
    return Pieces(np.array(encoding.ids, dtype=np.int64), start, end, feature, opens)


def _inside_quotes(straight: str, paragraph_at: list[int]) -> np.ndarray:
    """For each code point, whether a double quotation mark is open there; a paragraph closes what is open."""
    marks = np.frombuffer(straight.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) == ord('"')
    inside = np.zeros(len(straight), dtype=bool)
    for a, b in itertools.pairwise([*paragraph_at, len(straight)]):
        inside[a:b] = np.cumsum(marks[a:b]) % 2 == 1
    return inside
