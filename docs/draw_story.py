"""Draws what `onrecord annotate` says of one of the example stories, as a terminal with colours shows it.

python docs/draw_story.py: into docs/pictures/annotate.svg; `make screenshot` runs it too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from annotators.claims import annotate
from annotators.models import load_model
from flows.showing import story_table
from schemas.readers import read_stories

ROOT = Path(__file__).resolve().parents[1]
STORY, WIDTH = ROOT / "examples" / "wire" / "02-bread-price.xml", 112


def main() -> None:
    """Annotates the story and writes the picture; its letters are the reader's own, none are fetched."""
    (judged,) = annotate(read_stories(STORY.read_bytes(), STORY.name), load_model())
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor", highlight=False)
        console.print(Padding(story_table(judged, WIDTH), (0, 2, 0, 0)))
    drawn = console.export_svg(title=f"onrecord annotate examples/wire/{STORY.name}", theme=DEFAULT_TERMINAL_THEME, unique_id="story")
    drawn = re.sub(r"@font-face\s*\{.*?\}\s*", "", drawn, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    (ROOT / "docs" / "pictures" / "annotate.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
