"""NewsML-G2: a news item, or a news message with a set of them; bodies in XHTML, NITF or plain inline data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.markup import best_rendition, body_paragraphs, frozen_body, local_name, paragraphs_of
from schemas.readers.newsml_1 import unpacked
from schemas.readers.nitf import body_end, byline, nitf_paragraphs
from schemas.readers.raw import NOT_TEXTS, TEXTS, Beside, Raw, unless_too_deep, unreadable

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def read_newsml_g2(root: Any, name: str, beside: Beside | None = None) -> Iterator[Raw | Unreadable]:
    """The items of a message, or the one that the root is. beside: gives the bytes of a file that came in the same delivery."""
    tag = local_name(root)
    if tag == "contentSet":
        yield _guarded(root, name, beside)
        return
    inside = root.iterfind("{*}itemSet/{*}*") if tag == "newsMessage" else root.iterfind(".//{*}newsItem")
    items = list(inside) if tag in ("newsMessage", "packageItem") else [root]
    for item in items or ([root] if tag != "newsMessage" else []):
        yield _guarded(item, name, beside)


def _guarded(item: Any, name: str, beside: Beside | None) -> Raw | Unreadable:
    return unless_too_deep(name, f"line {item.sourceline}", _read_item, item, name, beside)


def _read_item(item: Any, name: str, beside: Beside | None) -> Raw | Unreadable:
    place = f"line {item.sourceline}"
    kind = local_name(item)
    if kind not in ("newsItem", "contentSet"):
        return unreadable(name, f"is a {kind[:60]}, not a newsItem", place, TEXTS)
    item_class = _code(item.find("{*}itemMeta/{*}itemClass")).lower()
    if item_class in NOT_TEXTS:
        return unreadable(name, f"is a {item_class[:60]}, not a text", place, TEXTS)

    spoken = item.find("{*}contentMeta/{*}language")
    language = (spoken.get("tag", "") if spoken is not None else "") or item.get(_LANG, "") or item.get("lang", "")

    def words(path: str) -> str:
        return _in_language(item.findall(path), language)

    def party(path: str) -> str:
        return next(filter(None, (_said(found, language) for found in item.iterfind(path))), "")

    titles = ("{*}contentMeta/{*}headline", ".//{*}hedline/{*}hl1", ".//{*}nitf/{*}head/{*}title", ".//{*}html/{*}head/{*}title")
    headline = next(filter(None, map(words, (*titles, "{*}itemMeta/{*}title"))), "")
    text, partial = _text(item, headline, language, words, beside)
    embargoed = item.find("{*}itemMeta/{*}embargoed")
    creator = party("{*}contentMeta/{*}creator")
    return Raw(
        text,
        "newsml-g2",
        name,
        place,
        guid=item.get("guid", ""),
        version=item.get("version", ""),
        headline=headline,
        agency=party("{*}itemMeta/{*}provider") or creator or party("{*}contentMeta/{*}infoSource"),
        byline=words("{*}contentMeta/{*}by") or byline(item.find(".//{*}body.head")) or creator,
        dateline=words("{*}contentMeta/{*}dateline") or words(".//{*}body.head/{*}dateline"),
        location=party("{*}contentMeta/{*}located") or words(".//{*}dateline/{*}location"),
        language=language,
        published=words("{*}itemMeta/{*}versionCreated")
        or words("{*}contentMeta/{*}contentModified")
        or words("{*}itemMeta/{*}firstCreated"),
        status=_code(item.find("{*}itemMeta/{*}pubStatus")) or None,
        embargo=_all_text(embargoed) if embargoed is not None else None,
        note=" ".join(map(_all_text, item.iterfind("{*}itemMeta/{*}edNote"))),
        urgency=words("{*}contentMeta/{*}urgency"),
        subjects=tuple(_said(found, language) for found in item.iterfind("{*}contentMeta/{*}subject")),
        rights=_rights(item, language),
        slug=words("{*}contentMeta/{*}slugline") or words("{*}itemMeta/{*}fileName"),
        signals=tuple(_code(found) for found in item.iterfind("{*}itemMeta/{*}signal")),
        replaces=_replaced(item),
        signoff=body_end(item),
        partial=partial,
    )


def _replaced(item: Any) -> str:
    """The guid of another item that this one says it takes the place of."""
    for link in item.iterfind("{*}itemMeta/{*}link"):
        if re.search("replac|supersed|evolvedFrom|previousVersion", link.get("rel", "")):
            other = link.get("residref", "") or link.get("guidref", "")
            return other if other != item.get("guid") else ""
    return ""


def _text(item: Any, headline: str, language: str, words: Callable[[str], str], beside: Beside | None) -> tuple[str, bool]:
    """The frozen text of the best rendition in the item's language, and whether it is only the description, for want of one."""
    parts = item if local_name(item) == "contentSet" else [p for found in item.iterfind("{*}contentSet") for p in found]
    renditions = [(_language_of(part), _rendition(part, beside)) for part in parts]
    whole = [(spoken, r) for spoken, r in renditions if any(map(str.strip, r[1]))]
    own = [r for spoken, r in whole if spoken in ("", language.partition("-")[0].lower())]
    text = frozen_body(best_rendition(own or [r for spoken, r in whole if spoken == whole[0][0]]), headline)
    if text:
        return text, False
    summary = words("{*}contentMeta/{*}description")
    return frozen_body([summary], ""), bool(summary)


def _language_of(part: Any) -> str:
    """The language that a rendition says it is in, without its region."""
    inside = part[0].get(_LANG) or part[0].get("lang") if len(part) else ""
    return str(part.get(_LANG) or inside or "").partition("-")[0].lower()


def _rendition(part: Any, beside: Beside | None) -> tuple[bool, list[str]]:
    """The paragraphs of one rendition, and whether it is marked up."""
    tag, kind = local_name(part), part.get("contenttype", "").lower()
    if tag == "inlineXML":
        has_nitf = next(part.iterfind(".//{*}body.content"), None) is not None
        return True, (nitf_paragraphs(part) if has_nitf else paragraphs_of(part)) if len(part) else body_paragraphs(part.text or "")[1]
    if tag == "remoteContent":
        # Only what came with it: an address in a document is never fetched.
        data = beside(part.get("href", "")) if beside and re.match("text/|application/(nitf|xhtml)|$", kind) else None
        return body_paragraphs(data.decode("utf-8", "replace").lstrip("\ufeff"), kind) if data and b"\0" not in data else (False, [])
    if tag != "inlineData":
        return False, []
    if "base64" in part.get("encoding", "").lower():  # a picture or a file, unless it says that it is words
        return body_paragraphs(unpacked(part.text or ""), kind) if kind.startswith("text/") else (False, [])
    return (True, paragraphs_of(part)) if len(part) else body_paragraphs(part.text or "", kind)


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
