"""What an export holds, for machines: Croissant 1.0 metadata (https://docs.mlcommons.org/croissant/docs/croissant-spec.html)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exports.manifest import Manifest

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
Json = dict[str, Any]


def croissant(folder: Path, splits: Mapping[str, Sequence[str]], manifest: Manifest) -> str:
    """The metadata of a written export, JSON. splits: those of each configuration that were written."""
    files = [(c, path.stem, path) for c, its in splits.items() for s in its for path in sorted((folder / c).glob(f"{s}*.parquet"))]
    value = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "onrecord-reviewed-claims",
        "description": "Claims of wire news with source, cue and content, role, modality and stance, as people reviewed them.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "citeAs": f"Reviewed claims of wire news, exported {manifest.made} by onrecord {manifest.software}",
        "datePublished": manifest.made,
        "license": "texts belong to their agencies",
        "url": "README.md",
        "version": "1.0.0",
        "distribution": [_file(*file) for file in files],
        "recordSet": [_records(*file) for file in files],
    }
    return json.dumps(value, indent=1) + "\n"


def _file(config: str, part: str, path: Path) -> Json:
    return {
        "@type": "cr:FileObject",
        "@id": f"{config}-{part}-file",
        "name": path.name,
        "contentUrl": f"{config}/{path.name}",
        "encodingFormat": "application/x-parquet",
        "sha256": _sha256(path),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _records(config: str, part: str, path: Path) -> Json:
    """A record set with the plain columns of a file; lists of spans are left to Parquet."""
    plain = [column for column in pq.read_schema(path) if not pa.types.is_nested(column.type)]
    return {
        "@type": "cr:RecordSet",
        "@id": f"{config}-{part}",
        "name": f"{config}-{part}",
        "field": [_field(config, part, column) for column in plain],
    }


def _field(config: str, part: str, column: pa.Field) -> Json:
    kinds = {pa.types.is_integer: "sc:Integer", pa.types.is_floating: "sc:Float", pa.types.is_boolean: "sc:Boolean"}
    kind = next((name for test, name in kinds.items() if test(column.type)), "sc:Text")
    source = {"fileObject": {"@id": f"{config}-{part}-file"}, "extract": {"column": column.name}}
    return {"@type": "cr:Field", "@id": f"{config}-{part}/{column.name}", "name": column.name, "dataType": kind, "source": source}
