"""SQuAD's JSON, versions 1.1 and 2: articles of paragraphs of questions become a row a question.

    {"version": "1.1", "data": [{"title": …, "paragraphs": [{"context": …, "qas": [{"id": …, "question": …, "answers": [{"text": …}]}]}]}]}

The group is the paragraph, so that questions about one passage are never split over train and test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.data.formats.records import BadRowError, shown


def is_squad(document: Any) -> bool:
    """Whether a JSON document, or its list under `data`, is laid out as SQuAD is."""
    articles = document.get("data") if isinstance(document, dict) else document
    return (
        isinstance(articles, list)
        and bool(articles)
        and isinstance(articles[0], dict)
        and isinstance(articles[0].get("paragraphs"), list)
        and all(isinstance(p, dict) and "qas" in p and "context" in p for p in articles[0]["paragraphs"][:1])
    )


def squad_rows(document: Any) -> Iterator[dict[str, Any] | BadRowError]:
    """A row a question: id, title, context, question, answers, group; or why it is none.

    `answers` are the distinct gold texts in their order; none where the question is impossible, or has no answers.
    """
    articles = document["data"] if isinstance(document, dict) else document
    paragraphs: Counter[str] = Counter()
    for number, article in enumerate(articles, 1):
        title = article.get("title") if isinstance(article, dict) else None
        title = title if isinstance(title, str) and title else f"article {number}"
        if not isinstance(article, dict) or not isinstance(article.get("paragraphs"), list):
            yield BadRowError(f"data[{number - 1}] has no list of 'paragraphs'")
            continue
        for paragraph in article["paragraphs"]:
            # a title that comes again goes on counting
            paragraphs[title] += 1
            yield from _questions(paragraph, title, paragraphs[title])


def _questions(paragraph: Any, title: str, number: int) -> Iterator[dict[str, Any] | BadRowError]:
    where = f"paragraph {number} of {shown(title)}"
    if not isinstance(paragraph, dict) or not isinstance(paragraph.get("qas"), list) or not isinstance(paragraph.get("context"), str):
        yield BadRowError(f"{where} has no 'context' with 'qas', the list of its questions")
        return
    for place, question in enumerate(paragraph["qas"], 1):
        if not isinstance(question, dict) or not isinstance(question.get("question"), str):
            yield BadRowError(f"question {place} in {where} has no text under 'question'")
            continue
        answers = _answers(question)
        if answers is None:
            yield BadRowError(f'question {place} in {where}: its answers must be a list of objects like {{"text": …, "answer_start": …}}')
            continue
        named = {"id": question["id"]} if question.get("id") not in (None, "") else {}
        yield named | {
            "title": title,
            "context": paragraph["context"],
            "question": question["question"],
            "answers": answers,
            "group": f"{title}, paragraph {number}",
        }


def _answers(question: Mapping[str, Any]) -> list[str] | None:
    if question.get("is_impossible") is True:
        return []
    answers = question.get("answers") or []
    if not isinstance(answers, list) or not all(isinstance(a, dict) and isinstance(a.get("text"), str) for a in answers):
        return None
    return list(dict.fromkeys(answer["text"] for answer in answers))
