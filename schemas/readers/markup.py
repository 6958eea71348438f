"""Paragraphs out of XHTML, HTML, NITF and plain bodies, as a reader would see them on the page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from lxml import etree

from schemas.readers.raw import TooDeep
from schemas.story import fold, freeze_text

_BLOCK = frozenset(
    [
        "absatz",
        "address",
        "article",
        "aside",
        "block",
        "blockquote",
        "body",
        "body.content",
        "bq",
        "byline",
        "caption",
        "center",
        "copyrite",
        "credit",
        "dateline",
        "dd",
        "dl",
        "dt",
        "details",
        "div",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "header",
        "hl1",
        "hl2",
        "html",
        "inlinexml",
        "intro",
        "lead",
        "lede",
        "legend",
        "li",
        "main",
        "media",
        "nitf",
        "nitf-table",
        "ol",
        "ul",
        "p",
        "para",
        "paragrafo",
        "paragraph",
        "paragraphe",
        "parrafo",
        "pre",
        "section",
        "subhead",
        "subheading",
        "table",
        "tagline",
        "tbody",
        "tfoot",
        "thead",
        "tr",
    ]
)
# What a page shows beside the text, or not at all.
_SKIPPED = frozenset(
    [
        "audio",
        "body.end",
        "body.head",
        "button",
        "canvas",
        "figcaption",
        "figure",
        "head",
        "iframe",
        "media",
        "media-caption",
        "nav",
        "noscript",
        "object",
        "script",
        "style",
        "svg",
        "template",
        "video",
    ]
)
# What makes a figure more than a picture with its caption.
_WORDY = ("table", "blockquote", "pre", "ul", "ol", "nitf-table")
_BREAK = "\x1d"
_QUOTED = re.compile(r"\s*[\"'“”„«»‘‚‹]")
_EMPTY_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
_INDENT = re.compile(r"\r?\n(?:\t[ \t]*| {2,})(?=\S)")
SENTENCE_END = re.compile(r"[.!?…:;][\"'”’»)\]]*\s*$")
"""How a line ends that ends a sentence."""
_LETTER = re.compile(r"\b[A-Z]\.\s*$")
_NARROWEST, _WIDEST = 55, 90
"""Characters of the longest line where lines are cut."""
_UNINDENTED = re.compile(r"\n\S")
_ESCAPED = re.compile(r"&(?:amp;)?lt;/?(?:p|div|br|html|body|h[1-6]|table|ul|span)\b", re.IGNORECASE)
_TAG = re.compile(r"</?(p|div|br|span|b|i|em|strong|h[1-6]|table|ul|body|html)\b[^<>]*>", re.IGNORECASE)


def frozen_body(paragraphs: list[str], headline: str = "") -> str:
    """The frozen text of a body, without a first paragraph that only repeats the headline, unless there is no other."""
    text = freeze_text(paragraphs)
    first, _, others = text.partition("\n\n")
    return others if others and first == fold(headline) else text


def best_rendition(renditions: Sequence[tuple[bool, list[str]]]) -> list[str]:
    """Of several renditions of one body, each with whether it was marked up: the first in markup, which knows its paragraphs.

    One with less than four fifths of the longest's words is a shortened one, and does not count.
    """
    sizes = [sum(len(paragraph.split()) for paragraph in paragraphs) for _, paragraphs in renditions]
    whole = [r for r, size in zip(renditions, sizes, strict=True) if size and size * 5 >= max(sizes) * 4]
    return next((p for marked, p in whole if marked), whole[0][1] if whole else [])


def looks_marked_up(text: str) -> bool:
    """Whether a text holds tags of HTML."""
    return "<" in text and bool(_TAG.search(text))


def body_paragraphs(text: str, kind: str = "") -> tuple[bool, list[str]]:
    """The paragraphs of a body that came as a string, and whether it is marked up: by what it is called, or by its look."""
    for _ in range(2):  # escaped once or twice more than it should be
        if "lt;" in text and _ESCAPED.search(text) and not _TAG.search(text):
            text = html.unescape(text)
    marked = "html" in kind or "xml" in kind or looks_marked_up(text)
    return marked, html_paragraphs(text) if marked else plain_paragraphs(text)


def plain_paragraphs(text: str) -> list[str]:
    """The paragraphs of a plain body: what empty lines part; between those, what an indent begins, or lines that are sentences."""
    return [paragraph for part in _EMPTY_LINE.split(text) for paragraph in (_parted(part) if "\n" in part.strip() else [part])]


def _parted(text: str) -> list[str]:
    """The paragraphs of lines without an empty one among them: lines are, where they end as sentences do and were not cut to a width."""
    if _UNINDENTED.search(text) and _INDENT.search(text):
        return _INDENT.split(text)
    lines = [line for line in text.split("\n") if line.strip()]
    sentences = sum(bool(SENTENCE_END.search(line)) and not _LETTER.search(line) for line in lines[:-1]) + 1
    return lines if sentences * 5 >= len(lines) * 4 and not _cut_to_a_width(lines) else [text]


def _cut_to_a_width(lines: list[str]) -> bool:
    """Whether no line would have had room for the next one's first word."""
    width = max(map(len, lines))
    return _NARROWEST <= width <= _WIDEST and all(len(a) + 1 + len(b.split()[0]) > width for a, b in pairwise(lines))


def html_paragraphs(text: str) -> list[str]:
    """The paragraphs of HTML in whatever state. Errors: TooDeep."""
    root = html_root(text)
    return [] if root is None else paragraphs_of(root)


def html_root(text: str) -> Any:
    """The root of HTML in whatever state; None where it is empty. Errors: TooDeep, since half a text is worse than no text."""
    clean = text.replace("\0", "").encode("utf-8", "ignore")  # "ignore" drops lone surrogates
    # huge_tree: tags that are never closed nest a thousand deep in pages that browsers show
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(clean, parser) if clean.strip() else None
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        raise TooDeep
    return root


def paragraphs_of(root: Any) -> list[str]:
    """The paragraphs under an element: its blocks, parted once more where two line breaks follow one another.

    A body without a single block is plain text in a wrapper: there empty lines part.
    """
    blocks = "".join(_pieces(root)).split(_BREAK)
    found = [p for block in blocks for p in (plain_paragraphs(block) if "\n" in block else [block]) if p.strip()]
    if len(found) == 1 and not any(_name(e) in _BLOCK or _name(e) == "br" for e in _inside(root)):
        plain = [part for part in plain_paragraphs("".join(root.itertext())) if part.strip()]
        return plain if len(plain) > 1 and fold(" ".join(plain)) == fold(found[0]) else found
    return found


def local_name(element: Any) -> str:
    """An element's name without its namespace; QName would refuse the names that broken HTML has."""
    return element.tag.rpartition("}")[2]


def _name(element: Any) -> str:
    return local_name(element).lower() if isinstance(element.tag, str) else ""


def _inside(root: Any) -> Iterator[Any]:
    """The elements below the one that holds the text: wrappers such as body are looked through."""
    wrappers = {"inlinexml", "html", "body", "body.content", "nitf", "datacontent", "div", "text"}
    return (e for e in root.iterdescendants() if _name(e) not in wrappers)


def _pieces(root: Any) -> Iterator[str]:
    """The words of a tree in order, with a break at every edge of a block; elements nest too deep for recursion."""
    walk = etree.iterwalk(root, events=("start", "end"))
    preformatted = 0
    for event, element in walk:
        if not isinstance(element.tag, str):  # an entity: XHTML's own are known without its DTD
            yield html.unescape(element.text) if event == "start" else _words(element.tail, preformatted)
            continue
        tag = _name(element)
        if event == "end":
            preformatted -= tag == "pre"
            yield _edge(tag, element, "”")
            yield _words(element.tail, preformatted) if element is not root else ""
        elif tag in _SKIPPED and element is not root and not _is_wordy(tag, element):
            walk.skip_subtree()
        else:
            preformatted += tag == "pre"
            yield "\n" if tag == "br" else _edge(tag, element, "“")
            yield _words(element.text, preformatted)


def _is_wordy(tag: str, element: Any) -> bool:
    return tag == "figure" and any(_name(e) in _WORDY for e in element.iterdescendants())


def _words(text: str | None, preformatted: int) -> str:
    """Text as shown: white space folds, but for preformatted text."""
    if not text:
        return ""
    return text if preformatted else re.sub(r"\s+", " ", text)


def _edge(tag: str, element: Any, quote: str) -> str:
    """What stands at an element's start and end: a break, a space, or the quotation marks that a browser draws."""
    if tag in _BLOCK:
        return _BREAK
    if tag in ("td", "th"):
        return " "
    return quote if tag == "q" and not _QUOTED.match("".join(element.itertext())) else ""
