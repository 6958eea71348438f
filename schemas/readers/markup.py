"""Paragraphs out of XHTML, HTML, NITF and plain bodies, as a reader would see them on the page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from schemas.story import freeze_text

_BLOCK = re.compile(
    "address|article|aside|block|blockquote|body|body.content|bq|center|d[dlt]|details|div|figure|footer|h[1-6r]|header|hl[12]|html"
    "|inlinexml|li|main|media|nitf|nitf-table|[ou]l|p|pre|section|table|tr"
)
# What a page shows beside the text, or not at all.
_SKIPPED = re.compile(
    "audio|body.end|body.head|button|canvas|figcaption|figure|head|iframe|math|media|nav|noscript|object|script|style|svg|template|video"
)
_BREAK = "\x1d"
_QUOTED = re.compile(r"\s*[\"'“”„«»‘‚‹]")


def frozen_body(paragraphs: list[str], headline: str = "") -> str:
    """The frozen text of a body, without a first paragraph that only repeats the headline, unless there is no other."""
    text = freeze_text(paragraphs)
    first, _, others = text.partition("\n\n")
    return others if others and first == freeze_text([headline]) else text


def plain_paragraphs(text: str) -> list[str]:
    """The paragraphs of a plain body: what empty lines part."""
    return re.split(r"\r?\n[ \t]*\r?\n", text)


def html_paragraphs(text: str) -> list[str]:
    """The paragraphs of HTML in whatever state; none where it nests too deep, since half a text is worse than no text."""
    clean = text.replace("\0", "").encode("utf-8", "ignore")  # "ignore" drops lone surrogates
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    root = etree.fromstring(clean, parser) if clean.strip() else None
    too_deep = any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log)
    return [] if root is None or too_deep else paragraphs_of(root)


def paragraphs_of(root: Any) -> list[str]:
    """The paragraphs under an element: its blocks, parted once more where two line breaks follow one another."""
    blocks = "".join(_pieces(root)).split(_BREAK)
    return [paragraph for block in blocks for paragraph in plain_paragraphs(block) if paragraph.strip()]


def local_name(element: Any) -> str:
    """An element's name without its namespace; QName would refuse the names that broken HTML has."""
    return element.tag.rpartition("}")[2]


def _pieces(root: Any) -> Iterator[str]:
    """The words of a tree in order, with a break at every edge of a block; elements nest too deep for recursion."""
    walk = etree.iterwalk(root, events=("start", "end"))
    preformatted = 0
    for event, element in walk:
        if not isinstance(element.tag, str):  # an entity: XHTML's own are known without its DTD
            yield html.unescape(element.text) if event == "start" else _words(element.tail, preformatted)
            continue
        tag = local_name(element).lower()
        if event == "end":
            preformatted -= tag == "pre"
            yield _edge(tag, element, "”")
            yield _words(element.tail, preformatted) if element is not root else ""
        elif _SKIPPED.fullmatch(tag) and element is not root:
            walk.skip_subtree()
        else:
            preformatted += tag == "pre"
            yield "\n" if tag == "br" else _edge(tag, element, "“")
            yield _words(element.text, preformatted)


def _words(text: str | None, preformatted: int) -> str:
    """Text as shown: white space folds, but for preformatted text."""
    return (text or "") if preformatted else re.sub(r"\s+", " ", text or "")


def _edge(tag: str, element: Any, quote: str) -> str:
    """What stands at an element's start and end: a break, a space, or the quotation marks that a browser draws."""
    if _BLOCK.fullmatch(tag):
        return _BREAK
    if tag in ("td", "th"):
        return " "
    return quote if tag == "q" and not _QUOTED.match("".join(element.itertext())) else ""
