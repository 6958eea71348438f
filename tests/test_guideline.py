"""The guideline says what the label set says: on the page and in docs."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest

from schemas.guideline import EXAMPLES, guideline_html, guideline_markdown
from schemas.labels import CHOICES, HUMAN_ONLY, Part, Problem, Reviewed

LABELS = {"span": Part, "problem": Problem, "reviewed": Reviewed, **CHOICES, **HUMAN_ONLY}


def test_docs_hold_the_guideline_as_it_is_made() -> None:
    """`python -m schemas.guideline > docs/guideline.md` makes it anew."""
    assert (Path(__file__).parent.parent / "docs" / "guideline.md").read_text(encoding="utf-8") == guideline_markdown()


@pytest.mark.parametrize("name", LABELS)
def test_every_label_is_explained(name: str) -> None:
    for label in LABELS[name]:
        assert f"<b>{escape(label)}</b>" in guideline_html()
        assert escape(label.note) in guideline_html()
        assert f"| {label} | " in guideline_markdown()


def test_every_label_that_needs_one_has_an_example() -> None:
    assert {name: set(labels) for name, labels in LABELS.items() if name not in HUMAN_ONLY} == {n: set(e) for n, e in EXAMPLES.items()}


def test_the_page_shows_all_of_its_tags() -> None:
    """Label Studio takes away what it does not know to be safe."""
    assert set(re.findall(r"<(\w+)", guideline_html())) <= {"h2", "h3", "p", "b", "i", "br", "kbd"}
