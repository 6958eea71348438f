"""NewsML 1.x, the standard before NewsML-G2: news items with nested components and content items."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.markup import best_rendition, body_paragraphs, frozen_body, paragraphs_of
from schemas.readers.nitf import body_end, byline, first_words, nitf_paragraphs
from schemas.readers.raw import TEXTS, Raw, one_line, unless_too_deep, unreadable
from schemas.story import freeze_text

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# The roles of components that stand beside the text.
_BESIDE = re.compile(
    "caption|summary|abstract|teaser|photo|picture|image|graphic|video|audio|thumbnail|preview|quicklook|headline|keyword|logo|title|author"
)
_TEXT_MEDIA = frozenset({"", "text", "complexdata", "html", "xhtml", "nitf", "composite"})


def read_newsml_1(root: Any, name: str) -> Iterator[Raw | Unreadable]:
    """The news items of a NewsML document."""
    for item in [root] if _tag(root) == "NewsItem" else root.iterfind(".//{*}NewsItem"):
        yield unless_too_deep(name, f"line {item.sourceline}", _read_item, item, root, name)


def _read_item(item: Any, root: Any, name: str) -> Raw | Unreadable:
    place = f"line {item.sourceline}"
    identity, manage = item.find("{*}Identification"), item.find("{*}NewsManagement")
    notices: list[str] = []
    headline = first_words(item, ".//{*}NewsLines/{*}HeadLine", ".//{*}hedline/{*}hl1")
    text, partial = _text(item, headline, notices)
    status = _formal(manage, "{*}Status").lower() or None
    media = {_formal(content, "{*}MediaType") for content in item.iterfind(".//{*}ContentItem")} - {""}
    if not text and media and not any(kind.lower() in _TEXT_MEDIA for kind in media) and status in (None, "usable"):
        return unreadable(name, f"is a {sorted(media)[0][:60]}, not a text", place, TEXTS)
    head = next(item.iterfind(".//{*}body.head"), None)
    return Raw(
        text,
        "newsml-1",
        name,
        place,
        guid=_guid(identity),
        version=first_words(identity, ".//{*}RevisionId"),
        headline=headline,
        agency=_party(item) or first_words(identity, ".//{*}ProviderId"),
        byline=first_words(item, ".//{*}NewsLines/{*}ByLine") or byline(head) or _authors(item),
        dateline=first_words(item, ".//{*}NewsLines/{*}DateLine") or first_words(head, "{*}dateline"),
        location=_location(item) or first_words(head, "{*}dateline/{*}location"),
        language=_formal(item, ".//{*}DescriptiveMetadata/{*}Language")
        or next(filter(None, (e.get(_LANG) for e in item.iter() if e.get(_LANG))), ""),
        published=first_words(manage, "{*}ThisRevisionCreated", "{*}FirstCreated") or first_words(root, "{*}NewsEnvelope/{*}DateAndTime"),
        status=_STATUS.get(status or "", status),
        embargo=_embargo(manage, status),
        note=" ".join(_notes(item, manage)),
        urgency=_formal(manage, "{*}Urgency") or _formal(manage, "{*}Priority"),
        subjects=tuple(_subjects(item)),
        rights=first_words(item, ".//{*}NewsLines/{*}CopyrightLine", ".//{*}RightsMetadata/{*}Copyright", ".//{*}NewsLines/{*}RightsLine"),
        slug=first_words(item, ".//{*}NewsLines/{*}SlugLine") or first_words(identity, "{*}NameLabel"),
        signals=tuple(_formal(e) for e in (manage.iterfind("{*}Instruction") if manage is not None else ())),
        signoff=body_end(item),
        partial=partial,
        notices=tuple(notices),
    )


_STATUS = {"embargoed": "usable", "withdrawn": "canceled", "killed": "canceled"}


def _guid(identity: Any) -> str:
    """The address without its revision, which a public identifier ends in, so that all versions share it."""
    public = first_words(identity, ".//{*}PublicIdentifier")
    if public:
        return re.sub(r":\d+[NUA]?$", "", public) if public.count(":") >= 5 or re.search(r":\d+[NUA]$", public) else public
    parts = [first_words(identity, ".//{*}" + tag) for tag in ("ProviderId", "DateId", "NewsItemId")]
    return f"urn:newsml:{':'.join(parts)}" if parts[2] else ""


def _text(item: Any, headline: str, notices: list[str]) -> tuple[str, bool]:
    """The frozen text of the components that are text, in order; of those beside it only where there is no other."""
    main: list[str] = []
    beside: list[tuple[str, list[str]]] = []
    spoken = item.get(_LANG, "")
    for component in item.iterfind(".//{*}NewsComponent"):
        paragraphs = _own_paragraphs(component)
        role, language = _role(component), _spoken(component)
        if paragraphs and main and language != spoken and language:
            notices.append(f"left out beside it: its text in {language}")
            continue
        if paragraphs and not main:
            spoken = language or spoken
        if paragraphs and _BESIDE.search(role.lower()):
            beside.append((role, paragraphs))
        elif paragraphs and freeze_text(paragraphs) not in freeze_text(main):
            main = paragraphs if freeze_text(main) in freeze_text(paragraphs) else main + paragraphs
    if not main:
        own = _own_paragraphs(item)
        if own:
            return frozen_body(own, headline), False
        summaries = [p for role, p in beside if re.search("summary|abstract|teaser", role.lower())]
        return (frozen_body(best_rendition([(True, p) for p in summaries]), headline), True) if summaries else ("", False)
    notices += [f"left out beside it: a component with the role {role}" for role, _ in beside]
    return frozen_body(main, headline), False


def _own_paragraphs(component: Any) -> list[str]:
    """The best rendition of a component's own content items; items of components inside it are theirs."""
    found = [_rendition(content) for content in component.iterfind("{*}ContentItem")]
    return best_rendition([r for r in found if any(map(str.strip, r[1]))])


def _rendition(content: Any) -> tuple[bool, list[str]]:
    kind = f"{_formal(content, '{*}Format')} {_formal(content, '{*}MimeType')}".lower()
    data = content.find(".//{*}DataContent")
    if _formal(content, "{*}MediaType").lower() not in _TEXT_MEDIA or data is None:
        return False, []
    if next(data.iterfind(".//{*}nitf"), None) is not None or next(data.iterfind(".//{*}body.content"), None) is not None:
        return True, nitf_paragraphs(data)
    if len(data):
        return True, paragraphs_of(data)
    text = data.text or ""
    encoding = content.find(".//{*}Encoding")
    if encoding is not None and "base64" in encoding.get("Notation", "").lower() + one_line(encoding.get("FormalName")).lower():
        text = unpacked(text)
    return body_paragraphs(text, kind if "html" in kind else "")


def unpacked(text: str) -> str:
    """What base64 holds, where that is UTF-8, else ""."""
    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _role(component: Any) -> str:
    """The role of a component, else of the nearest one around it that has one other than main."""
    at = component
    while at is not None and _tag(at) == "NewsComponent":
        role = _formal(at, "{*}Role")
        if role:
            return role
        at = at.getparent()
    return ""


def _spoken(component: Any) -> str:
    """The language that a component says it is in, or the nearest one around it; "" where only the item does."""
    return next((str(a.get(_LANG)) for a in (component, *component.iterancestors()) if _tag(a) == "NewsComponent" and a.get(_LANG)), "")


def _embargo(manage: Any, status: str | None) -> str | None:
    """When the item will be usable: its status is embargoed until a future one takes its place."""
    if status != "embargoed" or manage is None:
        return None
    return first_words(manage, "{*}StatusWillChange/{*}DateAndTime")


def _notes(item: Any, manage: Any) -> Iterator[str]:
    for line in item.iterfind(".//{*}NewsLines/{*}NewsLine"):
        kind = _formal(line, "{*}NewsLineType").lower()
        if any(word in kind for word in ("note", "advisory", "embargo", "instruction")):
            yield first_words(line, "{*}NewsLineText")
    for tag in ("Instruction", "UsageRights"):
        if manage is not None:
            yield from (one_line(" ".join(e.itertext())) for e in manage.iterfind("{*}" + tag) if "".join(e.itertext()).strip())


def _party(item: Any) -> str:
    for tag in ("Provider", "Source", "Creator"):
        for party in item.iterfind(f".//{{*}}AdministrativeMetadata/{{*}}{tag}/{{*}}Party"):
            if party.get("FormalName"):
                return str(party.get("FormalName"))
    return first_words(item, ".//{*}NewsLines/{*}CreditLine")


def _authors(item: Any) -> str:
    return next(filter(None, (p.get("FormalName", "") for p in item.iterfind(".//{*}AdministrativeMetadata/{*}Creator/{*}Party"))), "")


def _location(item: Any) -> str:
    for wanted in ("City", "CountryArea", "Region", "Country", "Location"):
        for place in item.iterfind(".//{*}DescriptiveMetadata/{*}Location/{*}Property"):
            if place.get("FormalName", "").lower() == wanted.lower() and place.get("Value"):
                return str(place.get("Value"))
    return ""


def _subjects(item: Any) -> Iterator[str]:
    for subject in item.iterfind(".//{*}DescriptiveMetadata//{*}SubjectCode/{*}*"):
        yield subject.get("FormalName", "")
    for line in item.iterfind(".//{*}NewsLines/{*}KeywordLine"):
        yield one_line("".join(line.itertext()))


def _formal(element: Any, path: str = "") -> str:
    found = element.find(path) if path and element is not None else element
    return one_line(found.get("FormalName", "")) if found is not None else ""


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
