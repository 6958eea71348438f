"""schema.org `ClaimReview` (https://schema.org/ClaimReview) for claims whose credibility a person has rated, a JSON-LD object a line.

The Admiralty scale runs from 1, confirmed, to 5, improbable; schema.org's ratings rise, so 1 becomes 5. What could not be judged (6) is no
review.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from exports.formats.documents import Document, Relation
from schemas.labels import Credibility


def write(documents: Iterable[Document], out: Path) -> None:
    """claims.jsonl."""
    with (out / "claims.jsonl").open("w", encoding="utf-8") as lines:
        for document in documents:
            for relation in document.relations:
                if relation.labels.get("credibility") not in (None, Credibility.UNJUDGED):
                    lines.write(json.dumps(_review(document, relation)) + "\n")


def _review(document: Document, relation: Relation) -> dict[str, Any]:
    content, source = (" … ".join(document.text[a:b] for a, b in spans) for spans in (relation.content, relation.source))
    label = next(label for label in Credibility if label == relation.labels["credibility"])
    appearance = {"@type": "NewsArticle", "identifier": document.id, "headline": document.headline, "datePublished": document.published}
    claim: dict[str, Any] = {"@type": "Claim", "text": content, "appearance": {k: v for k, v in appearance.items() if v}}
    if source:
        claim["author"] = {"@type": "Person" if relation.labels.get("naming") == "named" else "Thing", "name": source}
    rating = {"@type": "Rating", "ratingValue": 6 - int(label), "bestRating": 5, "worstRating": 1, "alternateName": label.note}
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "identifier": relation.key,
        "datePublished": relation.updated[:10],
        "claimReviewed": content,
        "itemReviewed": claim,
        "author": {"@type": "Person", "identifier": relation.annotator},
        "reviewRating": rating,
    }
