"""UIMA XMI with its type system, by dkpro-cassis, which counts UTF-16 units as UIMA does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from exports.formats.documents import Document
from schemas.errors import MissingExtra
from schemas.labels import CHOICES, HUMAN_ONLY

PART, RELATION = "onrecord.Part", "onrecord.Attribution"


def write(documents: Iterable[Document], out: Path) -> None:
    """An .xmi for each document, and TypeSystem.xml."""
    try:
        import cassis
    except ImportError as error:
        raise MissingExtra("XMI needs dkpro-cassis: install the extra `formats`") from error
    system = _types(cassis)
    system.to_xml(out / "TypeSystem.xml")
    for document in documents:
        cas = cassis.Cas(typesystem=system)
        cas.sofa_string, cas.sofa_mime = document.text, "text/plain"
        part, whole = system.get_type(PART), system.get_type(RELATION)
        for r in document.relations:
            stretches = [s for _, spans in r.parts for s in spans]
            start, end = min(a for a, _ in stretches), max(b for _, b in stretches)
            cas.add(whole(begin=start, end=end, number=r.number, key=r.key, **r.labels))
            cas.add_all([part(begin=a, end=b, relation=r.number, role=name) for name, spans in r.parts for a, b in spans])
        cas.to_xmi(out / f"{document.name}.xmi")


def _types(cassis: Any) -> Any:
    system = cassis.TypeSystem()
    part = system.create_type(name=PART, supertypeName="uima.tcas.Annotation")
    whole = system.create_type(name=RELATION, supertypeName="uima.tcas.Annotation")
    system.create_feature(domainType=part, name="relation", rangeType="uima.cas.Integer")
    system.create_feature(domainType=part, name="role", rangeType="uima.cas.String")
    system.create_feature(domainType=whole, name="number", rangeType="uima.cas.Integer")
    for name in ("key", *CHOICES, *HUMAN_ONLY):
        system.create_feature(domainType=whole, name=name, rangeType="uima.cas.String")
    return system
