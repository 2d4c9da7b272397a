"""Attention among the nodes of a tree, by parts: the same numbers, without the branches that no node of a part sees."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import DECODERS, load_decoder
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from harness.engine.inference import LabelScorer
from harness.engine.inference import tree_attention as module
from harness.engine.inference.choose import LabelTree, score_labels
from harness.engine.inference.tree_attention import choose_parts, split_tree

DRAW = random.Random(5)
WORDS = [[DRAW.randrange(3, 50) for _ in range(DRAW.randrange(1, 4))] for _ in range(12)]
LABELS = [[*DRAW.choice(WORDS), *DRAW.choice(WORDS), *DRAW.choice(WORDS), 2] for _ in range(60)]
LONG = [[3 + i % 40 for i in range(100)] + [2], [3 + i % 40 for i in range(70)] + [44, 2], [9, 2]]  # nodes far behind what they see
PROMPTS = [[5, 6, 7, 8], [9] * 20 + [10, 11], [12]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def load(folder: Path, family: str, dtype: torch.dtype = torch.float32) -> Any:
    return load_decoder(folder, family, dtype)


@pytest.mark.parametrize("labels", [LABELS, LONG], ids=["many", "long"])
@pytest.mark.parametrize("family", ["llama", *DECODERS])
def test_likelihoods_are_those_of_full_passes(folder: Path, family: str, labels: list[list[int]]) -> None:
    assert len(LabelTree.of(labels).tokens) > 64
    model = load(folder, family)
    scorer = LabelScorer(model, labels, 0)
    actual = torch.tensor(scorer(PROMPTS))
    assert scorer._tree_works or getattr(model.config, "sliding_window", None)  # else they are full passes
    expected = torch.tensor([score_labels(model, prompt, labels, 0) for prompt in PROMPTS])
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("family", ["llama", "qwen2", "phi"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_likelihoods_are_those_of_a_mask(folder: Path, family: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(folder, family, dtype)
    scorer = LabelScorer(model, LABELS, 0)
    actual = torch.tensor(scorer(PROMPTS))
    assert scorer._tree_works
    monkeypatch.setattr(module, "_PARTS", ())
    expected = torch.tensor(LabelScorer(model, LABELS, 0)(PROMPTS))
    tolerance = 1e-4 if dtype == torch.float32 else 0.02
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=10 * tolerance)


def pairs_computed(folder: Path, labels: list[list[int]], monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The pairs of nodes and keys that a layer computes, and how many there are."""
    model, read, nodes = load(folder, "llama"), [], len(LabelTree.of(labels).tokens)
    scorer = LabelScorer(model, labels, 0)
    scorer._longest = 1000  # so that only what is scored here is seen
    attention = torch.nn.functional.scaled_dot_product_attention

    def note(query: torch.Tensor, key: torch.Tensor, *others: Any, **options: Any) -> torch.Tensor:
        read.append((query.shape[2], key.shape[2]))
        return attention(query, key, *others, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", note)
    scorer([[5, 6, 7, 8]])
    of_nodes = read[2:]  # behind the prompt, in two layers
    return sum(queries * keys for queries, keys in of_nodes) // 2, nodes * (4 + nodes)


def test_most_branches_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed, whole = pairs_computed(folder, LABELS, monkeypatch)
    assert computed < whole / 2


def test_few_labels_are_left_to_one_mask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed, whole = pairs_computed(folder, LABELS[:5], monkeypatch)
    assert computed == whole


def test_attention_is_as_before_afterwards(folder: Path) -> None:
    before = ALL_ATTENTION_FUNCTIONS["sdpa"]
    LabelScorer(load(folder, "llama"), LABELS, 0)(PROMPTS)
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is before


@st.composite
def trees(draw: st.DrawFn) -> tuple[int, ...]:
    """The parents of up to 40 nodes, each after its own."""
    count = draw(st.integers(1, 40))
    return tuple(draw(st.integers(-1, node - 1)) for node in range(count))


@given(trees(), st.integers(1, 9))
def test_each_part_has_exactly_what_its_nodes_see(parents: tuple[int, ...], size: int) -> None:
    parts = split_tree(parents, size)
    assert [node for begin, end, _ in parts for node in range(begin, end)] == list(range(len(parents)))
    for begin, end, before in parts:
        seen = set()
        for node in range(begin, end):
            while (node := parents[node]) >= 0:
                seen.add(node)
        assert list(before) == sorted(node for node in seen if node < begin)


def test_parts_are_larger_behind_long_prompts_which_each_of_them_copies() -> None:
    parents = LabelTree.of(LABELS).parents
    counts = [len(choose_parts(parents, before)) for before in (0, 30, 300, 3000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 2 and counts[-1] == 1


@pytest.mark.parametrize("parents", [(), (-1,), (-1, 0, 1, -1)])
def test_small_trees_stay_whole(parents: tuple[int, ...]) -> None:
    assert len(choose_parts(parents, 20)) <= 1
