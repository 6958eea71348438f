"""From one version of the label set to the next: what people decided is carried over, or the change is refused.

The order is such that it can be killed anywhere and run again: Label Studio takes the new labels beside the old, every annotation and
pre-label is rewritten, the store's reviews and claims are, and only then do the old labels go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Say = Callable[[str], None]
MARK = "label set"
"""The mark that says which version of the label set the store's reviews are in."""
Known = Mapping[str, Mapping[str, str]]
