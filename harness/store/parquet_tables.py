"""Examples and predictions as Parquet tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, overload

from harness.errors import BenchError
from harness.store.atomic import write_atomically
from harness.types import Example, Prediction

_SCORE_PREFIX = "score:"
_LOGPROB = "mean_logprob"  # a column of generated texts only
_GROUP = 4096  # rows that are in memory at a time, and in each row group of a file


def write_table(path: Path, rows: Iterable[Mapping[str, Any]], types: Mapping[str, str]) -> None:
    """Write a Parquet file, completely or not at all. The rows are taken one by one, and at most a row group of them is in memory.

    Args:
        types: the type of each column, because a column may hold nothing but nulls: string, float, int, strings or floats.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"string": pa.string(), "float": pa.float64(), "int": pa.int64()}
    kinds |= {"strings": pa.list_(pa.string()), "floats": pa.list_(pa.float64())}
    schema = pa.schema([(name, kinds[kind]) for name, kind in types.items()])

    def write(partial: Path) -> None:
        waiting = iter(rows)
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            while group := list(islice(waiting, _GROUP)):
                writer.write_table(pa.Table.from_pylist(group, schema=schema), row_group_size=_GROUP)

    write_atomically(path, write, private=True)


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file as dictionaries, one by one.

    Args:
        columns: only these; None: all of them.

    Raises:
        BenchError: the file is missing or damaged. Rows may have been yielded before.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_GROUP, columns=columns):
                yield from batch.to_pylist()
    except FileNotFoundError:
        raise BenchError(f"{path}: is missing") from None
    except (OSError, pa.ArrowException) as error:
        raise BenchError(f"{path}: is damaged: {str(error).splitlines()[0]}") from None


def read_table(path: Path) -> list[dict[str, Any]]:
    """All rows of a Parquet file as dictionaries.

    Raises:
        BenchError: the file is missing or damaged.
    """
    return list(read_rows(path))


def write_examples(path: Path, examples: Iterable[tuple[str, Example]], digests: Sequence[tuple[str, str]] = ()) -> None:
    """Write examples, each with its split.

    Args:
        digests: split and digest of examples of which nothing else is kept.
    """
    names = ("split", "digest", "id", "inputs", "targets", "choices", "group", "meta", "rejected")
    types = dict.fromkeys(names, "string") | {"targets": "strings", "choices": "strings"}
    complete = (
        {
            "split": split,
            "id": _text(e.id),
            "inputs": json.dumps(dict(e.inputs), ensure_ascii=True),
            "targets": [_text(t) for t in e.targets],
            "choices": [_text(c) for c in e.choices],
            "group": None if e.group is None else _text(e.group),
            "meta": json.dumps(dict(e.meta), ensure_ascii=True, default=str),
            "rejected": None if e.rejected is None else _text(e.rejected),
        }
        for split, e in examples
    )
    write_table(path, chain(complete, ({"split": split, "digest": digest} for split, digest in digests)), types)


def read_digests(path: Path) -> frozenset[str]:
    """The digests of the examples of which nothing else is kept."""
    return frozenset(row["digest"] for row in read_rows(path, ["digest"]) if row["digest"] is not None)


def read_examples(path: Path, split: str) -> Iterator[Example]:
    """The complete examples of one split, in their order, one by one."""
    for row in read_rows(path):
        if row["split"] == split and row["digest"] is None:
            yield Example(
                id=row["id"],
                inputs=json.loads(row["inputs"]),
                targets=tuple(row["targets"]),
                choices=tuple(row["choices"]),
                group=row["group"],
                meta=json.loads(row["meta"]),
                rejected=row["rejected"],
            )


class StoredExamples(Sequence[Example]):
    """The complete examples of one split, read from their file each time they are needed: a large dataset does not stay in memory."""

    def __init__(self, path: Path, split: str, count: int) -> None:
        self._path, self._split, self._count = path, split, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Example]:
        return read_examples(self._path, self._split)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...
    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        if isinstance(index, slice):
            start, stop, step = index.indices(self._count)
            chosen = set(range(start, stop, step))
            examples = tuple(example for number, example in enumerate(islice(self, max(chosen, default=-1) + 1)) if number in chosen)
            return examples if step > 0 else examples[::-1]
        (example,) = islice(self, range(self._count)[index], range(self._count)[index] + 1)
        return example


def read_columns(path: Path, split: str) -> set[str]:
    """The names of the columns that the complete examples of one split have beside inputs and references."""
    rows = read_rows(path, ["split", "digest", "meta"])
    distinct = {row["meta"] for row in rows if row["split"] == split and row["digest"] is None}
    return {name for meta in distinct for name in json.loads(meta)}


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write one row per prediction and one column per score."""
    scores = sorted({name for p in predictions for name in p.scores})
    names = ("example_id", "output", "extracted", "label_logprobs", "tokens_in", "tokens_out", "finish")
    types = dict.fromkeys(names, "string") | {"label_logprobs": "floats", "tokens_in": "int", "tokens_out": "int"}
    types |= dict.fromkeys((_SCORE_PREFIX + name for name in scores), "float")
    generated = any(p.mean_logprob is not None for p in predictions)
    types |= {_LOGPROB: "float"} if generated else {}
    rows = (
        {
            "example_id": _text(p.example_id),
            "output": _text(p.output),
            "extracted": None if p.extracted is None else _text(p.extracted),
            "label_logprobs": list(p.label_logprobs),
            "tokens_in": p.tokens_in,
            "tokens_out": p.tokens_out,
            "finish": p.finish,
        }
        | {_SCORE_PREFIX + name: p.scores.get(name) for name in scores}
        | ({_LOGPROB: p.mean_logprob} if generated else {})
        for p in predictions
    )
    write_table(path, rows, types)


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
            mean_logprob=row.get(_LOGPROB),
        )
        for row in read_rows(path)
    )


def _text(value: str) -> str:
    """Text that Arrow can hold, which is UTF-8: a lone surrogate becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
