"""Examples and predictions as Parquet tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.atomic import write_atomically
from harness.types import Example, Prediction

_SCORE_PREFIX = "score:"


def write_table(path: Path, columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> None:
    """Write a Parquet file, completely or not at all.

    Args:
        types: the type of each column, because a column may hold nothing but nulls: string, float, int, strings or floats.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"string": pa.string(), "float": pa.float64(), "int": pa.int64()}
    kinds |= {"strings": pa.list_(pa.string()), "floats": pa.list_(pa.float64())}
    table = pa.table({name: pa.array(list(values), type=kinds[types[name]]) for name, values in columns.items()})
    write_atomically(path, lambda partial: pq.write_table(table, partial, compression="zstd"), private=True)


def read_table(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file as dictionaries.

    Raises:
        BenchError: the file is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except FileNotFoundError:
        raise BenchError(f"{path}: is missing") from None
    except (OSError, pa.ArrowException) as error:
        raise BenchError(f"{path}: is damaged: {str(error).splitlines()[0]}") from None
    return rows


def write_examples(path: Path, examples: Sequence[Example], splits: Sequence[str], digests: Sequence[tuple[str, str]] = ()) -> None:
    """Write examples with their splits.

    Args:
        digests: split and digest of examples of which nothing else is kept.
    """
    nothing = [None] * len(digests)
    columns: dict[str, Sequence[Any]] = {
        "split": [*splits, *(split for split, _ in digests)],
        "digest": [*([None] * len(examples)), *(digest for _, digest in digests)],
        "id": [*(_text(e.id) for e in examples), *nothing],
        "inputs": [*(json.dumps(dict(e.inputs), ensure_ascii=True) for e in examples), *nothing],
        "targets": [*([_text(t) for t in e.targets] for e in examples), *nothing],
        "choices": [*([_text(c) for c in e.choices] for e in examples), *nothing],
        "group": [*(None if e.group is None else _text(e.group) for e in examples), *nothing],
        "meta": [*(json.dumps(dict(e.meta), ensure_ascii=True, default=str) for e in examples), *nothing],
    }
    strings = dict.fromkeys(columns, "string")
    write_table(path, columns, strings | {"targets": "strings", "choices": "strings"})


def read_digests(path: Path) -> frozenset[str]:
    """The digests of the examples of which nothing else is kept."""
    return frozenset(row["digest"] for row in read_table(path) if row["digest"] is not None)


def read_examples(path: Path, split: str) -> tuple[Example, ...]:
    """The complete examples of one split, in their order."""
    return tuple(
        Example(
            id=row["id"],
            inputs=json.loads(row["inputs"]),
            targets=tuple(row["targets"]),
            choices=tuple(row["choices"]),
            group=row["group"],
            meta=json.loads(row["meta"]),
        )
        for row in read_table(path)
        if row["split"] == split and row["digest"] is None
    )


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write one row per prediction and one column per score."""
    columns: dict[str, Sequence[Any]] = {
        "example_id": [_text(p.example_id) for p in predictions],
        "output": [_text(p.output) for p in predictions],
        "extracted": [None if p.extracted is None else _text(p.extracted) for p in predictions],
        "label_logprobs": [list(p.label_logprobs) for p in predictions],
        "tokens_in": [p.tokens_in for p in predictions],
        "tokens_out": [p.tokens_out for p in predictions],
        "finish": [p.finish for p in predictions],
    }
    types = dict.fromkeys(columns, "string") | {"label_logprobs": "floats", "tokens_in": "int", "tokens_out": "int"}
    for name in sorted({name for p in predictions for name in p.scores}):
        columns[_SCORE_PREFIX + name] = [p.scores.get(name) for p in predictions]
        types[_SCORE_PREFIX + name] = "float"
    write_table(path, columns, types)


def read_predictions(path: Path) -> tuple[Prediction, ...]:
    """The predictions of a cell, in the order of the test examples."""
    return tuple(
        Prediction(
            example_id=row["example_id"],
            output=row["output"],
            extracted=row["extracted"],
            label_logprobs=tuple(row["label_logprobs"]),
            scores={name.removeprefix(_SCORE_PREFIX): value for name, value in row.items() if name.startswith(_SCORE_PREFIX)},
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            finish=row["finish"],
        )
        for row in read_table(path)
    )


def _text(value: str) -> str:
    """Text that Arrow can hold, which is UTF-8: a lone surrogate becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
