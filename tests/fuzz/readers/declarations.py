"""Readers of what users declare: tasks, strategies, grids, policies, prompts, and arguments of a command."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
from places import ROOT

from harness.api import verify_record
from harness.catalog import Catalog, render_prompt, resolve_strategy
from harness.cli.options import pairs, split_specs
from harness.engine.served import parse_base_url
from harness.gate.policies import read_policy
from harness.grid import read_grid, read_search, vocabulary
from harness.grid.search import build_space, check_space, propose
from harness.metrics import metrics_for
from harness.store import sign_document
from harness.types import Strategy
from tests.fuzz.readers.reader import TASK, Reader, refusals

_ARTIFACT = (
    b"name: vendor\nmethod: artifact\nartifact:\n  path: out/checkpoint-500\n  unseen: the test examples are newer\nprompt: '{{ input }}'\n"
    b"quantization: {type: nf4}\n"
)
_HOSTED = (
    b"name: incumbent\nmethod: api\nshots: 2\napi:\n  base_url: https://api.example.com:8443/v1\n  model: big-2026\n  api_key_env: KEY\n"
    b"  temperature: 0.5\n  labels: constrained\n  repeats: 3\n  requests_per_minute: 60\n  timeout: 30\n"
    b"  price: {input_per_million: 2.5, output_per_million: 10, currency: USD}\n  extra: {reasoning_effort: low}\n"
)


def read_declaration(content: bytes, folder: Path) -> None:
    """Read a task or a strategy."""
    (folder / "mine.yaml").write_bytes(content)
    with refusals():
        catalog = Catalog(_vocabulary(), here=folder)
        declared = catalog.check(folder / "mine.yaml").value
        if isinstance(declared, Strategy) and declared.api is not None:
            parse_base_url(declared.api.base_url)


def read_grid_file(content: bytes, folder: Path) -> None:
    """Read a grid, and what its search means for the shipped strategies."""
    (folder / "grid.yaml").write_bytes(content)
    with refusals():
        search = read_grid(folder / "grid.yaml")["search"]
        if search is not None:
            catalog = Catalog(_vocabulary(), here=folder)
            strategies = [resolve_strategy(name, catalog) for name in ("fewshot", "full", "qlora")]
            check_space(strategies, search)
            for strategy in strategies:
                space = build_space(strategy, search, 1_000_000)
                if space:
                    propose(space, [], 3, seed=search.seed)


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
        read_search(text)
    with refusals():
        pairs(None, click.Option(["--field"]), (text,))  # type: ignore[arg-type]


def read_record(content: bytes, folder: Path) -> None:
    """Check a decision record that a stranger sent."""
    (folder / "record.json").write_bytes(content)
    with refusals():
        verify_record(folder / "record.json", registry=folder / "registry", runs_dir=folder)


def read_signing_key(content: bytes, folder: Path) -> None:
    (folder / "key.pem").write_bytes(content)
    with refusals():
        sign_document({"bench_record": 1}, folder / "key.pem")


@lru_cache(maxsize=1)
def _record_seeds() -> list[bytes]:
    folder = Path(tempfile.mkdtemp(prefix="bench-fuzz-record-"))
    document = {"bench_record": 1, "made": "2026-11-27", "subject": {"run": "one", "model": None}, "data_card": {"card.html": "0" * 64}}
    signed, _ = sign_document(document, folder / "key.pem")
    of_model = {**document, "subject": {"run": "one", "model": {"number": 1, "task": "qa", "digest": "0" * 64}}}
    return [json.dumps(signed).encode(), json.dumps(sign_document(of_model, folder / "key.pem")[0]).encode()]


@lru_cache(maxsize=1)
def _key_seeds() -> list[bytes]:
    folder = Path(tempfile.mkdtemp(prefix="bench-fuzz-key-"))
    sign_document({}, folder / "key.pem")
    return [(folder / "key.pem").read_bytes()]


def read_prompt(content: bytes, folder: Path) -> None:
    with refusals():
        render_prompt(content.decode("utf-8", "replace"), {"input": "some words of a text\n" * 50, "context": "more"}, ("a", "b", "c"))


@lru_cache(maxsize=1)
def _vocabulary() -> Any:
    return vocabulary()


def _yaml_seeds(*folders: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [file.read_bytes() for folder in folders for file in sorted((ROOT / folder).glob("*.yaml"))]


_PROMPTS = (
    b"{% for c in choices %}{{ loop.index }}. {{ c }}{% if not loop.last %}, {% endif %}{% endfor %}\n{{ input|trim|upper }}",
    b"{% set ns = namespace(x='') %}{% for w in input.split() %}{% set ns.x = ns.x ~ w[0] %}{% endfor %}{{ ns.x }}",
    b"{% if context is defined and context|length > 3 %}{{ context|replace('a', 'b')|indent(4) }}{% else %}none{% endif %}",
    b"{{ range(10)|map('string')|join(', ') }} {{ 'a' * 3 }} {{ '%d' % 3 }} {{ input|wordwrap(20)|center(80) }} {{ [1, 2]|sum + 3 * 4 }}",
)

DECLARATIONS: dict[str, Reader] = {
    "task": Reader(read_declaration, _yaml_seeds("tasks"), share=3),
    "strategy": Reader(read_declaration, lambda: [*_yaml_seeds("strategies")(), _HOSTED, _ARTIFACT], share=3),
    "grid": Reader(
        read_grid_file,
        lambda: [
            b"tasks: [qa, summarization]\nstrategies: [lora, full]\nseeds: 2\ntrain_sizes: [10, all]\n"
            b"exclude: [{task: qa, strategy: full}]\n"
            b"override: [{strategy: lora, set: {epochs: 1, r: 4}}]\n",
            b"tasks: qa\nstrategies: [fewshot, lora]\nrace: 0.05\nsearch:\n  hours: 2\n  seed: 3\n  fields:\n"
            b"    learning_rate: {factor: 10}\n    epochs: {low: 1, high: 4, log: false}\n    r: [4, 16]\n    shots: [0, 2]\n",
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
            b"12 trials",
            b"30min",
            b"1.5usd",
        ],
        share=6,
    ),
    "record": Reader(read_record, _record_seeds, share=2),
    "signing-key": Reader(read_signing_key, _key_seeds, share=1),
    "prompt": Reader(read_prompt, lambda: _PROMPTS, share=6),
}
