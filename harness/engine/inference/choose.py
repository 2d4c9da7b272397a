"""Decoders: the likelihood of every label after a prompt, with the prompt computed once.

The labels form a tree of tokens (a trie) that shares common beginnings. Once the prompts' keys and values are cached, all nodes of the tree
pass through the model at once; each sees the prompt, its ancestors and itself (tree attention). A label's likelihood includes its end
token, because labels that are prefixes of others would win otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.inference.answering_layers import answering
from harness.engine.inference.generate import require_finite
from harness.engine.inference.last_positions import last_positions
from harness.engine.inference.prefill import prefill
from harness.engine.inference.shared_prefix import Prefix, plain_cache
from harness.engine.inference.tree_attention import tree_attention

# The most elements of the largest logits tensor (rows × nodes × vocabulary): 2**26 float32 numbers are 256 MiB.
_LOGITS_BUDGET = 1 << 26
_ROWS_OF_LOGITS = 16  # 16 · 50,000 float32 numbers are 3 MB
_COMPARED = 16  # labels, scored in one pass
_CONTINUATIONS_AT_ONCE = 64  # their keys and values of the prompt are copies
_TRIED_TOKENS = 4096  # of a prompt, once for each label that is scored at once while the tree is tried


def rows_of_labels(nodes: int, vocabulary: int) -> int:
    """The most prompts of one call that scores labels of so many tokens, as nodes of their tree."""
    return max(1, _LOGITS_BUDGET // (max(1, nodes) * vocabulary))


@dataclass(frozen=True)
class LabelTree:
    """The tree of all labels' tokens.

    Node j is the token `tokens[j]` at depth `depths[j]` (0: right behind the prompt) below `parents[j]` (-1: the prompt). A label's
    log-likelihood is the sum over its `paths[label]` of ln p(token | node); the first node of a path is -1, the prompt itself.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    depths: tuple[int, ...]
    paths: tuple[tuple[tuple[int, int], ...], ...]

    @staticmethod
    def of(labels: Sequence[Sequence[int]]) -> LabelTree:
        """Build the tree of labels that are given as token ids, including the end token. The end tokens themselves are not nodes."""
        index: dict[tuple[int, ...], int] = {}
        tokens: list[int] = []
        parents: list[int] = []
        depths: list[int] = []
        paths: list[tuple[tuple[int, int], ...]] = []
        for label in labels:
            path: list[tuple[int, int]] = []
            node = -1
            for depth, token in enumerate(label):
                path.append((node, token))
                beginning = tuple(label[: depth + 1])
                if depth + 1 < len(label) and beginning not in index:
                    index[beginning] = len(tokens)
                    tokens.append(token)
                    parents.append(node)
                    depths.append(depth)
                node = index.get(beginning, -1)
            paths.append(tuple(path))
        return LabelTree(tuple(tokens), tuple(parents), tuple(depths), tuple(paths))

    def compared_labels(self) -> list[int]:
        """The labels, at most 16, that are scored both ways where it is tried whether a model can take the tree. They hold nodes from all
        parts of it, the last one included: wrong neighbors show there, and windows that are too short."""
        if len(self.paths) <= _COMPARED:
            return list(range(len(self.paths)))
        first: dict[int, int] = {}  # by node: the first label that holds it
        for label, path in enumerate(self.paths):
            for node, _ in path[1:]:
                first.setdefault(node, label)
        last = len(self.tokens) - 1
        spread = [first[i * last // (_COMPARED - 2)] for i in range(_COMPARED - 1)] if first else []
        longest = max(range(len(self.paths)), key=lambda label: len(self.paths[label]))
        return sorted({longest, *spread})

    def visibility(self) -> Any:
        """Which node sees which: a boolean tensor (N, N), true for a node itself and its ancestors."""
        import torch

        visible = torch.eye(len(self.tokens), dtype=torch.bool)
        for node, parent in enumerate(self.parents):  # parents come before their children
            if parent >= 0:
                visible[node] |= visible[parent]
        return visible


class LabelScorer:
    """Scores a fixed set of labels after any prompt."""

    def __init__(self, model: Any, labels: Sequence[Sequence[int]], pad_id: int) -> None:
        """
        Args:
            labels: the token ids of each label, including the end token.
        """
        self._model = model
        self._labels = labels
        self._pad = pad_id
        self._tree = LabelTree.of(labels)
        self._tree_works = True
        self._longest = 0  # tokens of the longest prompt that was scored both ways

    def rows_at_once(self) -> int:
        """The most prompts of one call."""
        vocabulary: int = self._model.config.get_text_config().vocab_size
        return rows_of_labels(len(self._tree.tokens), vocabulary)

    def __call__(self, prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log likelihoods (B, labels).

        Some models cannot take a tree, or not behind a long prompt: those whose layers find their neighbors by position and not by mask
        (convolutions, recurrences, sliding windows). Some labels of a prompt that is longer than all before are therefore scored both ways.
        If the results differ, the model is scored without a tree from then on.
        """
        longest = max(prompts, key=len)
        if self._tree_works and len(longest) > self._longest:
            self._tree_works, self._longest = self._tree_agrees(longest), len(longest)
        return self._by_tree(prompts) if self._tree_works else [score_labels(self._model, p, self._labels, self._pad) for p in prompts]

    def _tree_agrees(self, prompt: Sequence[int]) -> bool:
        """Whether the tree gives the likelihoods that labels have one by one."""
        import torch

        compared = self._tree.compared_labels()
        labels = [self._labels[label] for label in compared]
        try:
            prefix, rest = _after_prompt(self._model, prompt)
            actual = torch.tensor(self._by_tree([rest], prefix)[0])[compared]
        except torch.cuda.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, TypeError, IndexError):
            return False
        rows = max(1, min(len(labels), _TRIED_TOKENS // len(prompt)))
        expected = torch.tensor(score_labels(self._model, rest, labels, self._pad, rows=rows, prefix=prefix))
        half = next(self._model.parameters()).dtype in (torch.bfloat16, torch.float16)
        tolerance = 0.05 if half else 0.001
        return bool(torch.allclose(actual, expected, rtol=tolerance, atol=10 * tolerance))

    def _by_tree(self, prompts: Sequence[Sequence[int]], prefix: Prefix | None = None) -> list[list[float]]:
        """
        Args:
            prefix: see `score_labels`.
        """
        import torch

        tree = self._tree
        prefix, prompts = (Prefix.of(self._model) if prefix is None else prefix).with_beginning(prompts)
        device = next(self._model.parameters()).device
        with answering(self._model):
            batch = prefill(prefix, prompts, self._pad, room=len(tree.tokens), at_once=True)
            first = batch.logits[:, None]  # (B, 1, V)
            scores = [first[:, 0, path[0][1]].float() - log_totals(first)[:, 0] for path in tree.paths]  # (B) for each label
            if tree.tokens:
                nodes = torch.tensor(tree.tokens, device=device).expand(len(prompts), -1)  # (B, N)
                depths = batch.positions + 1 + torch.tensor(tree.depths, device=device)  # (B, N)
                mask = self._tree_mask(batch.mask)
                with tree_attention(prefix.model, tree.parents, batch.mask.shape[1]):
                    later = prefix.model(
                        input_ids=nodes, attention_mask=mask, position_ids=depths, cache=batch.cache, use_cache=True
                    ).logits  # (B, N, V)
                totals = log_totals(later)  # (B, N)
                for label, path in enumerate(tree.paths):
                    if len(path) > 1:
                        node, token = (torch.tensor(column, device=device) for column in zip(*path[1:], strict=True))
                        scores[label] = scores[label] + (later[:, node, token].float() - totals[:, node]).sum(dim=1)
        likelihoods = torch.stack(scores, dim=1)  # (B, labels)
        require_finite(likelihoods)
        rows: list[list[float]] = likelihoods.tolist()
        return rows

    def _tree_mask(self, prompt_mask: Any) -> Any:
        """An additive mask (B, 1, N, P + N): each node sees the prompt without its padding, its ancestors and itself."""
        import torch

        dtype = next(self._model.parameters()).dtype
        visible = self._tree.visibility().to(prompt_mask.device)
        rows, nodes = len(prompt_mask), len(visible)
        prompt = prompt_mask.bool()[:, None, :].expand(rows, nodes, -1)
        allowed = torch.cat([prompt, visible.expand(rows, -1, -1)], dim=2)[:, None]
        return torch.zeros(allowed.shape, dtype=dtype, device=prompt_mask.device).masked_fill(~allowed, torch.finfo(dtype).min)


def log_totals(logits: Any) -> Any:
    """ln Σ exp of logits (B, N, V) over the vocabulary, (B, N), in float32. A few rows at a time stay in the processor's cache."""
    import torch

    rows = logits.flatten(0, 1)
    return torch.cat([part.float().logsumexp(dim=-1) for part in rows.split(_ROWS_OF_LOGITS)]).view(logits.shape[:2])


def score_continuations(model: Any, prompt: Sequence[int], continuations: Sequence[Sequence[int]], pad_id: int) -> list[float]:
    """ln p(continuation | prompt) of many continuations, given as token ids. The prompt is computed once where the model allows it."""
    prefix, rest = _after_prompt(model, prompt)
    return score_labels(model, rest, continuations, pad_id, rows=_CONTINUATIONS_AT_ONCE, prefix=prefix)


def _after_prompt(model: Any, prompt: Sequence[int]) -> tuple[Prefix, Sequence[int]]:
    """What follows a prompt begins here: with its last token, where the model allows it, behind the others."""
    prefix = Prefix.of(model)
    if len(prompt) < 2 or not plain_cache(prefix.model.config):
        return prefix, prompt
    return prefix.extended_by(prompt[:-1]), prompt[-1:]


def score_labels(
    model: Any, prompt: Sequence[int], labels: Sequence[Sequence[int]], pad_id: int, rows: int = 16, prefix: Prefix | None = None
) -> list[float]:
    """The same likelihoods by one full pass per label: slower, and valid for every causal model.

    Args:
        rows: the most labels of one pass.
        prefix: what precedes the prompt; None: what precedes every prompt of the model.
    """
    import torch

    device = next(model.parameters()).device
    prefix = Prefix.of(model) if prefix is None else prefix
    scores: list[float] = []
    for start in range(0, len(labels), rows):
        part = labels[start : start + rows]
        width = max(len(label) for label in part)
        ids = torch.full((len(part), len(prompt) + width), pad_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for i, label in enumerate(part):
            ids[i, : len(prompt) + len(label)] = torch.tensor([*prompt, *label])
            mask[i, : len(prompt) + len(label)] = 1
        mask = mask.to(device)
        # A recurrence may be computed differently with a cache than without: models without a prefix get none.
        begin = {"cache": prefix.cache(len(part)), "position_ids": prefix.positions(mask)} if prefix.length else {"use_cache": False}
        with answering(model):
            last = last_positions(width + 1)
            logits = prefix.model(input_ids=ids.to(device), attention_mask=prefix.mask(mask), logits_to_keep=last, **begin).logits
        logprobs = logits.float().log_softmax(dim=-1)  # (b, width + 1, V)
        for i, label in enumerate(part):
            positions = torch.arange(len(label), device=device)
            score = logprobs[i, positions, torch.tensor(label, device=device)].sum()
            require_finite(score)
            scores.append(float(score))
    return scores
