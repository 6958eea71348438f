"""NewsML-G2: a news item, or a news message with a set of them; bodies in XHTML, NITF or plain inline data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.markup import frozen_body, html_paragraphs, local_name, paragraphs_of, plain_paragraphs
from schemas.readers.raw import TEXTS, Raw, unreadable

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TEXTS = frozenset({"", "text", "composite"})


def read_newsml_g2(root: Any, name: str) -> Iterator[Raw | Unreadable]:
    """The items of a message, or the one that the root is."""
    single = local_name(root) != "newsMessage"
    for item in [root] if single else root.iterfind("{*}itemSet/{*}*"):
        yield _read_item(item, name)


def _read_item(item: Any, name: str) -> Raw | Unreadable:
    place = f"line {item.sourceline}"
    kind = local_name(item)
    if kind != "newsItem":
        return unreadable(name, f"is a {kind[:60]}, not a newsItem", place, TEXTS)
    item_class = _code(item.find("{*}itemMeta/{*}itemClass"))
    if item_class not in _TEXTS:
        return unreadable(name, f"is a {item_class[:60]}, not a text", place, TEXTS)

    spoken = item.find("{*}contentMeta/{*}language")
    language = spoken.get("tag", "") if spoken is not None else item.get(_LANG, "")

    def words(path: str) -> str:
        return _in_language(item.findall(path), language)

    def party(path: str) -> str:
        return next(filter(None, (_said(found, language) for found in item.iterfind(path))), "")

    headline = words("{*}contentMeta/{*}headline") or words(".//{*}hedline/{*}hl1")
    embargoed = item.find("{*}itemMeta/{*}embargoed")
    creator = party("{*}contentMeta/{*}creator")
    return Raw(
        frozen_body(_paragraphs(item), headline),
        "newsml-g2",
        name,
        place,
        guid=item.get("guid", ""),
        version=item.get("version", ""),
        headline=headline,
        agency=party("{*}itemMeta/{*}provider") or creator or party("{*}contentMeta/{*}infoSource"),
        byline=words("{*}contentMeta/{*}by") or words(".//{*}body.head/{*}byline") or creator,
        location=party("{*}contentMeta/{*}located") or words(".//{*}dateline/{*}location"),
        language=language,
        published=words("{*}itemMeta/{*}versionCreated"),
        status=_code(item.find("{*}itemMeta/{*}pubStatus")),
        embargo=_all_text(embargoed) if embargoed is not None else None,
        note=" ".join(map(_all_text, item.iterfind("{*}itemMeta/{*}edNote"))),
        urgency=words("{*}contentMeta/{*}urgency"),
        subjects=tuple(_said(found, language) for found in item.iterfind("{*}contentMeta/{*}subject")),
        rights=_rights(item, language),
    )


def _paragraphs(item: Any) -> list[str]:
    """The paragraphs of the first rendition of the content that has any."""
    for part in item.iterfind("{*}contentSet/{*}*"):
        paragraphs = _rendition(part)
        if any(map(str.strip, paragraphs)):
            return paragraphs
    return []


def _rendition(part: Any) -> list[str]:
    tag, kind = local_name(part), part.get("contenttype", "")
    if tag == "inlineXML":
        nitf = part.find(".//{*}body.content")
        return paragraphs_of(part if nitf is None else nitf)
    # With an encoding (base64) inline data are a picture or a file, not words.
    if tag != "inlineData" or part.get("encoding"):
        return []
    return html_paragraphs(_all_text(part)) if "html" in kind else plain_paragraphs(_all_text(part))


def _code(element: Any) -> str:
    """The code that a qcode or an address ends in: "text" of "ninat:text"."""
    if element is None:
        return ""
    return element.get("qcode", "").rpartition(":")[2] or element.get("uri", "").rpartition("/")[2]


def _said(element: Any, language: str) -> str:
    """What a property is called: its name, else its literal, its code, its address."""
    name = _in_language(element.findall("{*}name"), language)
    return name or element.get("literal", "") or element.get("qcode", "").rpartition(":")[2] or element.get("uri", "")


def _in_language(elements: list[Any], language: str) -> str:
    """The words of the first element in the item's language, else of the first that has any."""
    own = [e for e in elements if e.get(_LANG, "").split("-")[0] == language.split("-")[0]]
    return next(filter(None, map(_all_text, own + elements)), "")


def _rights(item: Any, language: str) -> str:
    notices = [_in_language(item.findall("{*}rightsInfo/{*}" + tag), language) for tag in ("copyrightNotice", "usageTerms")]
    holders = (_said(found, language) for found in item.iterfind("{*}rightsInfo/{*}copyrightHolder"))
    return " ".join(filter(None, notices)) or next(holders, "")


def _all_text(element: Any) -> str:
    return "".join(element.itertext()).strip()
