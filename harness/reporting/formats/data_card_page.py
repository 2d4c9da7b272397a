"""A data card as a page that needs nothing else, and as Croissant metadata (https://docs.mlcommons.org/croissant, version 1.0)."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.reporting.views import DataCard
from harness.reporting.wording import card_sentences, check_sentences, finding_sentences
from harness.webpage import content_security_policy, page_environment, seal_page

_TEMPLATE = "data_card.html.j2"
_STYLE = "report.css"
_CONFORMS = ("http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0")
# The context that the specification prescribes, with the vocabulary for responsible AI.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
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
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_ENCODINGS = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".parquet": "application/x-parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def render_data_card(card: DataCard) -> str:
    """The whole page. It has no script."""
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    environment = page_environment(folder)
    environment.globals |= {
        "card_sentences": card_sentences,
        "check_sentences": check_sentences,
        "finding_sentences": finding_sentences,
    }
    page = environment.get_template(_TEMPLATE).render(card=card, style=Markup(style), policy=content_security_policy(style, ""))
    return seal_page(page)


def to_croissant(card: DataCard) -> dict[str, Any]:
    """The card as JSON-LD. It holds no text of the data."""
    about = card.about
    rai = {
        "rai:dataCollection": about.collected,
        "rai:personalSensitiveInformation": " ".join(filter(None, [about.anonymization, *card_sentences.list_recall(card)])),
        "rai:dataLimitations": " ".join(_as_sentence(gap) for gap in about.gaps),
    }
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": card.name,
        "description": card.description or card_sentences.summarize(card),
        "conformsTo": list(_CONFORMS),
        **({"license": about.license} if about.license else {}),
        **({"url": about.url} if about.url else {}),
        **({"isBasedOn": about.source} if about.source else {}),
        "version": card.version,
        "datePublished": card.made.isoformat(),
        **{name: value for name, value in rai.items() if value},
        "distribution": [_file_object(each.name, each.size, each.sha256) for each in card.files],
        "recordSet": [_record_set(each.name, each.split, card) for each in card.files],
    }


def _file_object(name: str, size: int, sha256: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": _ENCODINGS.get(PurePath(name).suffix.lower(), "application/octet-stream"),
        "sha256": sha256,
    }


def _record_set(file: str, split: str, card: DataCard) -> dict[str, Any]:
    """The columns of one file that the task reads."""
    record = f"rows-of-{file}"
    return {
        "@type": "cr:RecordSet",
        "@id": record,
        "name": record,
        "description": "All rows." if split == "file" else f"Rows for {split}.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{record}/{column}",
                "name": f"{record}/{column}",
                "description": role,
                "dataType": "sc:Text",
                "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
            }
            for role, column in card.columns.items()
        ],
    }


def _as_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
