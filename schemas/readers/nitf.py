"""NITF, IPTC's news text format: alone, or as the body of something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.readers.markup import best_rendition, frozen_body, local_name, paragraphs_of
from schemas.readers.raw import Raw, one_line


def read_nitf(root: Any, name: str) -> Iterator[Raw]:
    """The item of a NITF document; and, where it says that another is cancelled, the notice of that."""
    place = f"line {root.sourceline}"
    data = root.find(".//{*}docdata")
    head = root.find(".//{*}body.head")
    headline = first_words(root, "{*}body/{*}body.head/{*}hedline/{*}hl1", "{*}body/{*}body.head/{*}hedline", "{*}head/{*}title")
    text, partial = _text(root, headline)
    tell = _teller(data)
    usable = tell("@management-status")
    yield Raw(
        text,
        "nitf",
        name,
        place,
        guid=tell("doc-id@id-string") or tell("du-key@key"),
        version=tell("du-key@version") or _meta(root, "version", "revision", "anpa-version"),
        headline=headline,
        agency=first_words(head, "{*}distributor/{*}org", "{*}distributor") or tell("doc-id@regsrc") or tell("doc.copyright@holder"),
        byline=byline(head),
        dateline=first_words(head, "{*}dateline"),
        location=first_words(head, "{*}dateline/{*}location") or tell("evloc@city"),
        language=_language(root),
        published=tell("date.issue@norm") or tell("date.release@norm") or _date(root),
        status="usable" if usable in ("embargoed", "info") else usable or None,
        embargo=_embargo(usable, tell("date.release@norm")),
        note=" ".join(filter(None, (tell("ed-msg@info"), first_words(head, "{*}note")))),
        urgency=tell("urgency@ed-urg"),
        subjects=tuple(_subjects(root)),
        rights=first_words(head, "{*}rights") or tell("doc.rights@owner") or tell("doc.copyright@holder"),
        slug=tell("du-key@key") or _meta(root, "slug", "slugline", "anpa-keyword"),
        signoff=body_end(root),
        signals=tuple(filter(None, (tell("correction@info"),))),
        partial=partial,
    )
    if tell("@management-idref-status").lower() in ("canceled", "cancelled") and tell("@management-doc-idref"):
        yield Raw("", "nitf", name, place, guid=tell("@management-doc-idref"), version=str(10**17), status="canceled", note=headline)


def nitf_paragraphs(root: Any) -> list[str]:
    """The paragraphs of the document's body; of a body without `body.content` all but its head and end."""
    # A note or a footnote within has one of its own.
    contents = [c for c in root.findall(".//{*}body.content") if not any(local_name(a) == "body.content" for a in c.iterancestors())]
    if contents:
        return [paragraph for content in contents for paragraph in paragraphs_of(content)]
    body = root if local_name(root) == "body" else root.find(".//{*}body")
    return paragraphs_of(root if body is None else body)


def body_end(root: Any) -> str:
    """What stands in the ends of NITF bodies: taglines, bibliographies."""
    return " ".join(filter(None, map(_all, root.iterfind(".//{*}body.end"))))


def byline(head: Any) -> str:
    """The bylines of a NITF `body.head`, names and titles parted by commas."""
    if head is None:
        return ""
    return "; ".join(
        filter(None, (one_line(", ".join(part.strip() for part in b.itertext() if part.strip())) for b in head.iterfind("{*}byline")))
    )


def first_words(element: Any, *paths: str) -> str:
    """The words of the first path that leads to some, as one line."""
    if element is None:
        return ""
    return next(filter(None, (_all(found) for path in paths for found in element.iterfind(path))), "")


def _text(root: Any, headline: str) -> tuple[str, bool]:
    """The frozen text, and whether it is only the abstract."""
    text = frozen_body(nitf_paragraphs(root), headline)
    if text:
        return text, False
    abstract = best_rendition([(True, paragraphs_of(a)) for a in root.iterfind(".//{*}abstract")])
    return frozen_body(abstract, headline), bool(abstract)


def _teller(data: Any) -> Any:
    """What `docdata` says under "element@attribute", or "@attribute" of itself."""

    def tell(path: str) -> str:
        tag, _, attribute = path.partition("@")
        found = ([data] if not tag else data.iterfind("{*}" + tag)) if data is not None else []
        return next(filter(None, (one_line(element.get(attribute)) for element in found)), "")

    return tell


def _meta(root: Any, *names: str) -> str:
    metas = {one_line(m.get("name")).lower(): one_line(m.get("content")) for m in root.iterfind("{*}head/{*}meta")}
    return next(filter(None, (metas.get(n, "") for n in names)), "")


def _language(root: Any) -> str:
    said = (e.get(key, "") for e in (root, root.find("{*}body")) if e is not None for key in _LANGUAGE)
    return next(filter(None, said), "")


_LANGUAGE = ("{http://www.w3.org/XML/1998/namespace}lang", "baselang", "lang")


def _date(root: Any) -> str:
    dated = next(root.iterfind(".//{*}story.date"), None)
    published = next(root.iterfind("{*}head/{*}pubdata"), None)
    return (dated.get("norm", "") if dated is not None else "") or (published.get("date.publication", "") if published is not None else "")


def _embargo(status: str, release: str) -> str | None:
    return release if status == "embargoed" else None


def _subjects(root: Any) -> Iterator[str]:
    for subject in root.iterfind(".//{*}tobject.subject"):
        said = (subject.get(f"tobject.subject.{part}", "") for part in ("detail", "matter", "type", "code", "refnum"))
        yield next(filter(None, said), "")
    for keyword in root.iterfind(".//{*}keyword"):
        yield keyword.get("key", "")


def _all(element: Any) -> str:
    return one_line(" ".join(part.strip() for part in element.itertext() if part.strip()))
