"""The article in a page. trafilatura tells where it stands; the words are the page's own, all of them but what stands beside it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from schemas.readers.markup import SENTENCE_END, paragraphs_of

_CHROME = ("nav", "aside", "footer", "menu", "button", "select", "script", "style", "iframe", "dialog")
_ROLES = frozenset({"navigation", "banner", "contentinfo", "complementary", "search", "dialog"})
# Short elements of an article that are not its text, by what their class says.
_BESIDE = re.compile(
    r"\b(?:by-?line|author|breadcrumbs?|share|social|related|newsletter|advert\w*|promo|cookies?|caption|credit|tags|toolbar|timestamp|skip)\b"
)
_LONGEST_BESIDE = 30
_OPEN, _CLOSE = "\ue000", "\ue001"
_LINK = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}?")
_CONTAINERS = frozenset({"div", "section", "article", "main", "form", "table", "tbody", "tr", "td", "center"})
_STEPS = 100


def article_paragraphs(root: Any, text: str) -> list[str]:
    """The paragraphs of the article in a page; text: the page as it came."""
    body = root.find(".//body")
    body = copy.deepcopy(root if body is None else body)
    had = _drop_chrome(body)
    _mark_links(body)
    whole = list(_plain(paragraphs_of(body), frozenset()))
    linked = sum(_linked_words(p) for p in paragraphs_of(body))
    if not had and linked * 5 < _size(whole):
        return whole
    found = _extracted(text)
    keys = frozenset(filter(None, map(_key, found)))
    region = _container(body, _size(found))
    if region is None:
        region = _holder(body, keys)
    paragraphs = list(_plain(paragraphs_of(region), keys))
    # Where trafilatura found little of what the page says, it found the wrong thing.
    return paragraphs if _size(paragraphs) * 4 >= _size([p for p in whole if SENTENCE_END.search(p)]) else whole


def _drop_chrome(body: Any) -> bool:
    """Takes what stands beside an article out of the tree; whether there was any navigation."""
    dropped = False
    for element in [e for e in body.iter() if isinstance(e.tag, str)]:
        tag = element.tag.lower()
        if tag in _CHROME or element.get("role", "").lower() in _ROLES or _is_beside(element):
            dropped = dropped or tag not in ("script", "style", "iframe", "button")
            if element.getparent() is not None:
                element.drop_tree() if hasattr(element, "drop_tree") else _drop(element)
    return dropped


def _drop(element: Any) -> None:
    parent, before = element.getparent(), element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _is_beside(element: Any) -> bool:
    named = f"{element.get('class', '')} {element.get('id', '')}".replace("_", " ").lower()
    return bool(named.strip() and _BESIDE.search(named)) and len("".join(element.itertext()).split()) < _LONGEST_BESIDE


def _mark_links(body: Any) -> None:
    """Puts marks around the words of links, so that they can be counted in a paragraph."""
    for link in body.iter("a"):
        link.text = _OPEN + (link.text or "")
        if len(link):
            link[-1].tail = (link[-1].tail or "") + _CLOSE
        else:
            link.text += _CLOSE


def _linked_words(paragraph: str) -> int:
    return sum(len(found.split()) for found in _LINK.findall(paragraph))


def _plain(paragraphs: list[str], keys: frozenset[str]) -> Iterator[str]:
    """Paragraphs without the marks, those left out that are links and no sentence, unless trafilatura has them."""
    for paragraph in paragraphs:
        clean = paragraph.replace(_OPEN, "").replace(_CLOSE, "")
        words = len(clean.split())
        if _linked_words(paragraph) * 5 < words * 4 or SENTENCE_END.search(clean.strip()) or _key(clean) in keys:
            yield clean


def _container(body: Any, size: int) -> Any:
    """The element that the page marks as its article, if it is one, and no card beside the story; else None."""
    for path in (".//*[@itemprop='articleBody']", ".//article", ".//main"):
        found = body.findall(path)
        if len(found) == 1 and _size(paragraphs_of(found[0])) * 4 >= size:
            return found[0]
    return None


def _holder(body: Any, keys: frozenset[str]) -> Any:
    """The smallest element that holds nine tenths of what was found."""
    total, at = _held(body, keys), body
    for _ in range(_STEPS if total else 0):
        inner = next((child for child in at if child.tag in _CONTAINERS and _held(child, keys) * 10 >= total * 9), None)
        if inner is None or _has_sentences(at):
            break
        at = inner
    return at


def _has_sentences(element: Any) -> bool:
    """Whether there are sentences right in an element, not in another container: then it is the one that holds the text."""
    said = [element.text, *(child.tail for child in element)]
    said += ["".join(child.itertext()) for child in element if child.tag in ("p", "blockquote", "h2", "h3", "ul", "ol", "dl")]
    plain = (
        words.replace(_OPEN, "").replace(_CLOSE, "").strip() for words in said if words and _linked_words(words) * 2 < len(words.split())
    )
    return any(SENTENCE_END.search(words) for words in plain)


def _held(element: Any, keys: frozenset[str]) -> int:
    return sum(len(p.split()) for p in paragraphs_of(element) if _key(p) in keys)


def _extracted(text: str) -> list[str]:
    from trafilatura import bare_extraction

    try:
        found = bare_extraction(
            text, include_comments=False, include_tables=True, favor_recall=True, deduplicate=False, with_metadata=False
        )
    except RecursionError:
        return []
    return [line.lstrip("- ") for line in (found.text or "").split("\n")] if found is not None and hasattr(found, "text") else []


def _key(paragraph: str) -> str:
    """A paragraph's letters and digits, by which it is known in whatever state."""
    return "".join(filter(str.isalnum, paragraph)).casefold()


def _size(paragraphs: list[str]) -> int:
    return sum(len(paragraph.split()) for paragraph in paragraphs)
