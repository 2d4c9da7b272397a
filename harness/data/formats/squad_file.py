"""SQuAD's JSON, versions 1.1 and 2: articles with paragraphs with questions become one row per question.

    {"version": "1.1", "data": [{"title": …, "paragraphs": [{"context": …, "qas": [{"id": …, "question": …, "answers": [{"text": …}]}]}]}]}

The group is the paragraph, so that all questions about a passage land in the same split.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.data.records import BadRowError, quote


def is_squad(document: Any) -> bool:
    """Whether a JSON document, or its list under `data`, has the layout of SQuAD."""
    articles = document.get("data") if isinstance(document, dict) else document
    return (
        isinstance(articles, list)
        and bool(articles)
        and isinstance(articles[0], dict)
        and isinstance(articles[0].get("paragraphs"), list)
        and all(isinstance(p, dict) and "qas" in p and "context" in p for p in articles[0]["paragraphs"][:1])
    )


def parse_squad(document: Any) -> Iterator[dict[str, Any] | BadRowError]:
    """One row per question with id, title, context, question, answers and group, or the reason why it cannot be used.

    `answers` holds the distinct reference texts in order. It is empty if the question is impossible or has no answers.
    """
    articles = document["data"] if isinstance(document, dict) else document
    paragraphs: Counter[str] = Counter()  # by title: articles with the same title share one numbering
    for number, article in enumerate(articles, 1):
        title = article.get("title") if isinstance(article, dict) else None
        title = title if isinstance(title, str) and title else f"article {number}"
        if not isinstance(article, dict) or not isinstance(article.get("paragraphs"), list):
            yield BadRowError(f"data[{number - 1}] has no list 'paragraphs'")
            continue
        for paragraph in article["paragraphs"]:
            paragraphs[title] += 1
            yield from _parse_paragraph(paragraph, title, paragraphs[title])


def _parse_paragraph(paragraph: Any, title: str, number: int) -> Iterator[dict[str, Any] | BadRowError]:
    where = f"paragraph {number} of {quote(title)}"
    if not isinstance(paragraph, dict) or not isinstance(paragraph.get("qas"), list) or not isinstance(paragraph.get("context"), str):
        yield BadRowError(f"{where} needs a text 'context' and a list 'qas' with its questions")
        return
    for position, question in enumerate(paragraph["qas"], 1):
        if not isinstance(question, dict) or not isinstance(question.get("question"), str):
            yield BadRowError(f"question {position} in {where} has no text 'question'")
            continue
        answers = _parse_answers(question)
        if answers is None:
            yield BadRowError(f'question {position} in {where}: answers must be a list of objects like {{"text": …, "answer_start": …}}')
            continue
        given_id = {"id": question["id"]} if question.get("id") not in (None, "") else {}
        yield given_id | {
            "title": title,
            "context": paragraph["context"],
            "question": question["question"],
            "answers": answers,
            "group": f"{title}, paragraph {number}",
        }


def _parse_answers(question: Mapping[str, Any]) -> list[str] | None:
    """The distinct answers; None if they are malformed."""
    if question.get("is_impossible") is True:
        return []
    answers = question.get("answers") or []
    if not isinstance(answers, list) or not all(isinstance(a, dict) and isinstance(a.get("text"), str) for a in answers):
        return None
    return list(dict.fromkeys(answer["text"] for answer in answers))
