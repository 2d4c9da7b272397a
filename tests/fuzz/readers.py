"""Every reader of foreign files, with valid files to start from. A new reader joins by one entry in `READERS`; see CONTRIBUTING.md.

A reader may refuse a file with a `BenchError`. Any other exception is a failure, and so is taking longer than five seconds.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
from hypothesis import strategies as st
from report_factory import Made, make_run, summarization

from harness.api import gate, promote, review_export, review_import
from harness.catalog import Catalog, render_prompt, resolve_strategy
from harness.cli.options import pairs, split_specs
from harness.data import load_splits, peek
from harness.data.formats import open_table
from harness.data.inspect import draft_yaml, guess_task
from harness.data.pipeline import read_outputs
from harness.engine.models import ModelSource, load_skeleton, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.errors import BenchError
from harness.gate.policies import read_policy
from harness.gate.registry import Registry
from harness.grid import read_grid, vocabulary
from harness.metrics import metrics_for
from harness.reporting import render, to_json
from harness.results import RunResults
from harness.store import RunFolder
from harness.types import Example, Task
from tests.data.file_contents import CSV, JSONL, ROWS, parquet_bytes, workbook
from tests.foreign import write_sealed_json
from tests.fuzz.inputs import altered, damaged

Read = Callable[[bytes, Path], None]
SHIPPED = Path(__file__).parents[2]


@dataclass(frozen=True)
class Reader:
    """A reader of one kind of file.

    Attributes:
        read: reads this content; the folder is empty.
        seeds: valid files.
        documents: valid JSON documents, whose values are exchanged.
        share: how many inputs of a campaign it gets, relative to the others: fewer where one input takes long.
    """

    read: Read
    seeds: Callable[[], Sequence[bytes]]
    documents: Callable[[], Sequence[Any]] = field(default=lambda: ())
    share: float = 1.0

    def inputs(self) -> st.SearchStrategy[bytes]:
        """Hostile inputs for this reader."""
        bytes_ = damaged(self.seeds())
        documents = self.documents()
        return st.one_of(altered(documents), altered(documents), bytes_) if documents else bytes_


@contextmanager
def refusals() -> Iterator[None]:
    """A file may be refused, with a message that can be printed."""
    message = "none"
    try:
        yield
    except BenchError as error:
        message = str(error)
    except click.BadParameter:
        pass
    assert message.strip(), "a refusal needs a message"
    assert len(message) < 20_000, "a message must not repeat the file"


TASK = Task(
    name="fuzz", kind="summarization", data={"path": "a.csv"}, prompt="{{ input }}\n", metrics=("rouge", "length"), primary="rougeL",
    margin=0.01,
)  # fmt: skip


def read_data(name: str) -> Read:
    """Read a file with this name in all ways: as a preview and a draft, as a task's data, and as external outputs."""

    def read(content: bytes, folder: Path) -> None:
        file = folder / name
        file.write_bytes(content)
        with refusals():
            for _ in open_table(file).rows():
                pass
        with refusals():
            draft_yaml(guess_task(peek(file)), name="fuzz", path=name, prompt="{{ input }}\n")
        for fields in ({}, {"input": "input", "target": "target"}):
            with refusals():
                task = TASK.model_copy(update={"data": TASK.data.model_copy(update={"path": name, "fields": fields})})
                load_splits(task, folder=folder, limit=20)
        with refusals():
            read_outputs(file, [Example("1", {"input": "x"}, ("y",))])

    return read


def read_declaration(content: bytes, folder: Path) -> None:
    """Read a task or a strategy."""
    (folder / "mine.yaml").write_bytes(content)
    with refusals():
        catalog = Catalog(_vocabulary(), here=folder)
        catalog.check(folder / "mine.yaml")


def read_grid_file(content: bytes, folder: Path) -> None:
    (folder / "grid.yaml").write_bytes(content)
    with refusals():
        read_grid(folder / "grid.yaml")


def read_policy_file(content: bytes, folder: Path) -> None:
    (folder / "policy.yaml").write_bytes(content)
    with refusals():
        read_policy(folder / "policy.yaml", TASK, metrics_for(TASK.metrics, ()))


def read_arguments(content: bytes, folder: Path) -> None:
    """Read strategies and columns as the command line passes them on: bytes that are not UTF-8 become lone surrogates."""
    text = content.decode("utf-8", "surrogateescape").replace("\0", "")
    catalog = Catalog(_vocabulary(), here=folder)
    for spec in split_specs(None, None, (text,)):  # type: ignore[arg-type]
        with refusals():
            resolve_strategy(spec, catalog)
    with refusals():
        pairs(None, click.Option(["--field"]), (text,))  # type: ignore[arg-type]


def read_prompt(content: bytes, folder: Path) -> None:
    with refusals():
        render_prompt(content.decode("utf-8", "replace"), {"input": "some words of a text\n" * 50, "context": "more"}, ("a", "b", "c"))


def read_ratings(name: str) -> Read:
    """Import a file that a rater returned."""

    def read(content: bytes, folder: Path) -> None:
        run = _reviewed_run()
        (folder / name).write_bytes(content)
        with refusals():
            review_import(run, [folder / name])
        for imported in (run / "review").glob("*/imports/*"):
            imported.unlink()

    return read


def write_as_stranger(file: Path, content: bytes) -> None:
    """Write the content; a JSON object gets the digest that belongs to it, so that the checks behind the digest are tried, too."""
    file.write_bytes(content)
    with suppress(ValueError, RecursionError):
        value = json.loads(content)
        if isinstance(value, dict):
            value.pop("seal", None)
            write_sealed_json(file, value)


def read_run(place: str) -> Read:
    """Replace a file of a run, and read the run as its report, the gate and a review do."""

    def read(content: bytes, folder: Path) -> None:
        run = folder / "run"
        shutil.copytree(_reviewed_run(), run)
        file = next(run.glob(place))
        file.unlink()
        write_as_stranger(file, content)
        with refusals():
            to_json(RunResults(RunFolder(run)))
        with refusals():
            _judge(run)
        with refusals():
            review_import(run, [])

    return read


def read_report(content: bytes, folder: Path) -> None:
    """Replace the plan of a run, and render its report."""
    run = folder / "run"
    shutil.copytree(_reviewed_run(), run)
    write_as_stranger(run / "run.json", content)
    with refusals():
        render(RunResults(RunFolder(run)))


def read_registry(place: str) -> Read:
    """Replace a file of a registry, and read its history and its models."""

    def read(content: bytes, folder: Path) -> None:
        registry = folder / "registry"
        shutil.copytree(_registry(), registry)
        (registry / place).write_bytes(content)
        with refusals():
            for event in Registry(registry).journal.events():
                with refusals():
                    Registry(registry).load(event)

    return read


def read_event(content: bytes, folder: Path) -> None:
    """Add an event with this body, sealed as the owner of a registry would seal it."""
    registry = folder / "registry"
    shutil.copytree(_registry(), registry)
    try:
        body = json.loads(content)
        assert isinstance(body, dict)
    except (ValueError, AssertionError, RecursionError):
        return
    with suppress(TypeError, UnicodeEncodeError), refusals():  # these are of the Python call that adds the event, not of a reader
        Registry(registry).journal.append("summarization", lambda _: ("promote", body))
    with refusals():
        for event in Registry(registry).journal.events():
            with refusals():
                Registry(registry).load(event)
    with refusals():
        Registry(registry).rollback("summarization", "a test")


def read_model(name: str) -> Read:
    """Replace a file of a model, and do what a plan does with it."""

    def read(content: bytes, folder: Path) -> None:
        model = folder / "model"
        shutil.copytree(_model(), model)
        (model / name).write_bytes(content)
        with refusals():
            source = resolve_model(str(model))
            skeleton = load_skeleton(ModelSource(source.name, source.origin, source.folder, source.digest))
            with refusals():
                PromptEncoder(skeleton.tokenizer)

    return read


@lru_cache(maxsize=1)
def _vocabulary() -> Any:
    return vocabulary()


_FOLDERS: dict[str, Path] = {}


def use_folder(folder: Path) -> None:
    """Where the run, the registry and the model that inputs are made from are kept."""
    _FOLDERS["folder"] = folder


@lru_cache(maxsize=1)
def _reviewed_run() -> Path:
    """A run with a packet and a verdict."""
    run = make_run(_FOLDERS["folder"] / "run", [summarization([Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)], rows=40)])
    review_export(run.path, ("base", "lora"), n=6)
    _judge(run.path)
    return run.path


def _judge(run: Path) -> None:
    registry = run.parent / "empty-registry"
    gate(run, "lora", baseline=f"{run}:base", registry=registry, new_registry=not registry.exists())


@lru_cache(maxsize=1)
def _registry() -> Path:
    run = make_run(_FOLDERS["folder"] / "promoted", [summarization([Made("base", 0.3), Made("few-shot", 0.9, 1)], rows=40)])
    registry = _FOLDERS["folder"] / "registry"
    promote(run.path, "few-shot", registry=registry, new_registry=True, force=True, reason="a test")
    return registry


@lru_cache(maxsize=1)
def _model() -> Path:
    from tiny_models import save_model

    return save_model(_FOLDERS["folder"] / "model", "llama")


def _file(root: Callable[[], Path], place: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [next(root().glob(place)).read_bytes()]


def _document(root: Callable[[], Path], place: str) -> Callable[[], Sequence[Any]]:
    return lambda: [json.loads(next(root().glob(place)).read_bytes())]


def _yaml_seeds(*folders: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [file.read_bytes() for folder in folders for file in sorted((SHIPPED / folder).glob("*.yaml"))]


def _page_ratings() -> list[Any]:
    packet = json.loads(next(_reviewed_run().glob("review/*/packet.json")).read_bytes())
    ratings = [
        {
            "item": item["id"], "answers": {"preference": "tie"}, "kinds": [], "corrected": "x", "comment": "", "seconds": 3,
            "answered_at": "2026-01-01T00:00:00Z",
        }
        for item in packet["items"]
    ]  # fmt: skip
    studio = [
        {
            "data": {"item": item["id"], "packet": packet["id"], "rater": item["rater"]},
            "annotations": [
                {
                    "result": [{"from_name": "preference", "value": {"choices": ["A"]}}],
                    "lead_time": 3,
                    "completed_by": {"id": 3, "email": "x"},
                }
            ],
        }
        for item in packet["items"]
    ]
    return [{"bench_review": 1, "packet": packet["id"], "rater": packet["items"][0]["rater"], "ratings": ratings}, studio]


def _sheet_ratings() -> list[bytes]:
    packet = json.loads(next(_reviewed_run().glob("review/*/packet.json")).read_bytes())
    rows = [["item", "packet", "rater", "preference", "corrected", "comment"]]
    rows += [[item["id"], packet["id"], item["rater"], "A", "", "a, b"] for item in packet["items"]]
    return [("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows) + "\n").encode()]


_SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "t",
            "paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": [{"text": "a", "answer_start": 0}]}]}],
        }
    ],
}
_PROMPTS = (
    b"{% for c in choices %}{{ loop.index }}. {{ c }}{% if not loop.last %}, {% endif %}{% endfor %}\n{{ input|trim|upper }}",
    b"{% set ns = namespace(x='') %}{% for w in input.split() %}{% set ns.x = ns.x ~ w[0] %}{% endfor %}{{ ns.x }}",
    b"{% if context is defined and context|length > 3 %}{{ context|replace('a', 'b')|indent(4) }}{% else %}none{% endif %}",
    b"{{ range(10)|map('string')|join(', ') }} {{ 'a' * 3 }} {{ '%d' % 3 }} {{ input|wordwrap(20)|center(80) }} {{ [1, 2]|sum + 3 * 4 }}",
)
_CHAT = (
    "{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}<|turn|>a\n{% endif %}"
)


def _gzip(content: bytes) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as archive:
        archive.write(content)
    return file.getvalue()


def _model_config() -> list[Any]:
    return [json.loads((_model() / "config.json").read_bytes())]


def _tokenizer_config() -> list[Any]:
    return [json.loads((_model() / "tokenizer_config.json").read_bytes()) | {"chat_template": _CHAT}]


READERS: dict[str, Reader] = {
    "csv": Reader(read_data("a.csv"), lambda: [CSV.encode(), b'"a";"b"\n"x ""y""";1\n', b"sep=;\na;b\n1;2\n", b"input,target\n"], share=3),
    "tsv": Reader(read_data("a.tsv"), lambda: [CSV.replace(",", "\t").encode(), b'a\tb\n"x\ty"\t"z"\n'], share=2),
    "jsonl": Reader(read_data("a.jsonl"), lambda: [JSONL.encode(), b'{"input": {"a": [1, {"b": 2}]}, "target": ["x", "y"]}\n'], share=3),
    "json": Reader(
        read_data("a.json"),
        lambda: [json.dumps(ROWS).encode(), json.dumps({"a": {"0": 1}, "b": {"0": 2}}).encode()],
        lambda: [ROWS, {"rows": ROWS}, _SQUAD, {"x": {"input": "a", "target": "b"}}, {"input": {"0": "a"}, "target": {"0": "b"}}],
        share=3,
    ),
    "gzip": Reader(read_data("a.csv.gz"), lambda: [_gzip(CSV.encode())]),
    "xlsx": Reader(read_data("a.xlsx"), lambda: [workbook([["input", "target"], ["a", 1], ["b", None]])], share=0.3),
    "parquet": Reader(read_data("a.parquet"), lambda: [parquet_bytes()], share=0.5),
    "task": Reader(read_declaration, _yaml_seeds("tasks"), share=3),
    "strategy": Reader(read_declaration, _yaml_seeds("strategies"), share=3),
    "grid": Reader(
        read_grid_file,
        lambda: [
            b"tasks: [qa, summarization]\nstrategies: [lora, full]\nseeds: 2\ntrain_sizes: [10, all]\n"
            b"exclude: [{task: qa, strategy: full}]\n"
            b"override: [{strategy: lora, set: {epochs: 1, r: 4}}]\n"
        ],
        share=3,
    ),
    "policy": Reader(
        read_policy_file,
        lambda: [
            b"version: 1\nalpha: 0.05\nlooks: 2\nrules:\n- {rule: not_worse, score: rougeL}\n"
            b"- {rule: ceiling, score: length_ratio, value: 1.5}\n"
        ],
        share=3,
    ),
    "arguments": Reader(
        read_arguments,
        lambda: [
            b"lora:r=8,lora:r=64,learning_rate=1e-4,qlora",
            b"lora:target_modules=[q_proj,v_proj],train.epochs=2",
            b"base,full:epochs=0.5",
        ],
        share=6,
    ),
    "prompt": Reader(read_prompt, lambda: _PROMPTS, share=6),
    "ratings-page": Reader(read_ratings("r.json"), lambda: [json.dumps(document).encode() for document in _page_ratings()], _page_ratings),
    "ratings-sheet": Reader(read_ratings("r.csv"), _sheet_ratings),
    "run.json": Reader(read_run("run.json"), _file(_reviewed_run, "run.json"), _document(_reviewed_run, "run.json"), share=0.2),
    "run.json-report": Reader(read_report, _file(_reviewed_run, "run.json"), _document(_reviewed_run, "run.json"), share=0.05),
    "cell.json": Reader(
        read_run("cells/*-1/cell.json"),
        _file(_reviewed_run, "cells/*-1/cell.json"),
        _document(_reviewed_run, "cells/*-1/cell.json"),
        share=0.2,
    ),
    "predictions": Reader(read_run("cells/*-1/predictions.parquet"), _file(_reviewed_run, "cells/*-1/predictions.parquet"), share=0.1),
    "examples": Reader(read_run("data/*.parquet"), _file(_reviewed_run, "data/*.parquet"), share=0.1),
    "packet": Reader(
        read_run("review/*/packet.json"),
        _file(_reviewed_run, "review/*/packet.json"),
        _document(_reviewed_run, "review/*/packet.json"),
        share=0.1,
    ),
    "key": Reader(
        read_run("review/*/key.json"), _file(_reviewed_run, "review/*/key.json"), _document(_reviewed_run, "review/*/key.json"), share=0.1
    ),
    "verdict": Reader(read_run("gates/*.json"), _file(_reviewed_run, "gates/*.json"), _document(_reviewed_run, "gates/*.json"), share=0.1),
    "registry": Reader(read_registry("registry.sqlite"), _file(_registry, "registry.sqlite")),
    "head": Reader(read_registry("head.json"), _file(_registry, "head.json"), _document(_registry, "head.json")),
    "event": Reader(read_event, lambda: [b"{}"], lambda: [_event_body()], share=0.5),
    "config": Reader(read_model("config.json"), lambda: [json.dumps(_model_config()[0]).encode()], _model_config, share=0.5),
    "tokenizer-config": Reader(
        read_model("tokenizer_config.json"), lambda: [json.dumps(_tokenizer_config()[0]).encode()], _tokenizer_config, share=0.3
    ),
    "tokenizer": Reader(read_model("tokenizer.json"), _file(_model, "tokenizer.json"), _document(_model, "tokenizer.json"), share=0.3),
    "weights": Reader(read_model("model.safetensors"), lambda: [(_model() / "model.safetensors").read_bytes()[:4000]], share=0.3),
}


def _event_body() -> dict[str, Any]:
    with sqlite3.connect(_registry() / "registry.sqlite") as db:
        (body,) = db.execute("SELECT body FROM events").fetchone()
    db.close()
    value: dict[str, Any] = json.loads(body)
    return value
