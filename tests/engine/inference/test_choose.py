"""Label likelihoods: one pass over a tree of labels equals one full pass per label."""

from itertools import pairwise

import pytest
import torch
from transformers import Lfm2Config, Lfm2ForCausalLM, LlamaConfig, LlamaForCausalLM

from harness.engine.inference.choose import LabelScorer, LabelTree, score_labels
from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.prompts import PromptEncoder

LABELS = ["card", "card arrival", "card arrival late", "refund", "re", "é 🩺", "a much longer label with many words in it"]


@pytest.fixture(scope="module")
def loaded():
    return load_model(resolve_model("tiny"), find_device("float32"))


@pytest.fixture(scope="module")
def labels(loaded):
    return PromptEncoder(loaded.tokenizer).completions(LABELS)


@pytest.fixture(scope="module")
def prompts(loaded):
    return [loaded.tokenizer(p)["input_ids"] for p in ("My card has not come.\nLabel:", "A", "long " * 40 + "\nLabel:")]


def test_tree_gives_the_likelihoods_of_full_passes(loaded, labels, prompts):
    scorer = LabelScorer(loaded.model, labels, 0)
    tree = torch.tensor(scorer(prompts))
    plain = torch.tensor([score_labels(loaded.model, p, labels, 0) for p in prompts])
    assert scorer._tree_works
    torch.testing.assert_close(tree, plain, rtol=1e-4, atol=1e-3)


def test_likelihoods_of_all_continuations_sum_to_less_than_one(loaded, labels, prompts):
    """The end token counts: 'card' and 'card arrival' are different events, so their likelihoods may be added."""
    for row in LabelScorer(loaded.model, labels, 0)(prompts):
        assert sum(torch.tensor(row, dtype=torch.float64).exp().tolist()) < 1.0


def test_label_that_is_a_prefix_of_another_has_no_advantage(loaded):
    """The label that the model would write wins, although another one is its beginning."""
    encoder = PromptEncoder(loaded.tokenizer)
    prompt = loaded.tokenizer("card arrival\ncard arrival\ncard arrival\n")["input_ids"]
    short, long = encoder.completions(["card", "card arrival\ncard arrival"])
    without_end = LabelScorer(loaded.model, [short[:-1], long[:-1]], 0)([prompt])[0]
    assert without_end[0] > without_end[1], "without its end token the prefix is always at least as likely"
    with_end = LabelScorer(loaded.model, [short, long], 0)([prompt])[0]
    assert with_end[0] < without_end[0]


def test_tree_shares_common_beginnings():
    tree = LabelTree.of([[1, 2, 9], [1, 2, 3, 9], [4, 9]])
    assert tree.tokens == (1, 2, 3, 4)
    assert tree.parents == (-1, 0, 1, -1)
    assert tree.depths == (0, 1, 2, 0)
    assert tree.paths[1] == ((-1, 1), (0, 2), (1, 3), (2, 9))
    assert tree.visibility().tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [False, False, False, True],
    ]


def small(kind):
    torch.manual_seed(0)
    sizes = {"vocab_size": 256, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 2, "num_key_value_heads": 2}
    sizes["initializer_range"] = 0.3  # far from uniform, so that a wrong mask shows
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(num_hidden_layers=2, **sizes)).eval()
    config = Lfm2Config(num_hidden_layers=2, layer_types=["conv", "full_attention"], block_ff_dim=128, **sizes)
    return Lfm2ForCausalLM(config).eval()


def test_of_many_labels_some_from_the_whole_tree_are_compared():
    labels = [[5 + i, 6, 1] for i in range(60)] + [[5, 6, 7, 1]] + [[80 + i, 6, 1] for i in range(15)] + [[5, 1]]
    places = LabelTree.of(labels).compared_labels()
    assert len(places) <= 16 and places == sorted(set(places))
    assert {0, 60, 75} <= set(places), "the longest one, and those with the first and the last node"
    assert max(b - a for a, b in pairwise(places)) <= 6
    assert LabelTree.of(labels[:16]).compared_labels() == list(range(16)) and LabelTree.of([]).compared_labels() == []
    assert LabelTree.of([[i, 1] for i in range(40)]).compared_labels()[-1] == 39
    assert LabelTree.of([[i] for i in range(40)]).compared_labels() == [0], "labels of one token are no nodes"


def test_branches_beside_a_long_label_and_its_beginnings_are_compared():
    """A convolution reads a chain of tokens as it should, and only what branches off wrongly."""
    chain = list(range(20, 35))
    branches = [[*chain[:i], 60 + i, 90 + i, 1] for i in range(14)]
    labels = [[*chain, 1]] + [label for i, branch in enumerate(branches) for label in (branch, [*chain[: i + 1], 1])]
    model = small("lfm2")
    scorer = LabelScorer(model, labels, 0)
    found = torch.tensor(scorer([[3, 4, 8, 10]]))
    assert not scorer._tree_works
    torch.testing.assert_close(found, torch.tensor([score_labels(model, [3, 4, 8, 10], labels, 0)]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kind", "by_tree"), [("llama", True), ("lfm2", False)])
def test_a_model_is_tried_with_some_of_many_labels(kind, by_tree):
    """Where the tree works, the prompt passes twice: to try the tree, and to use it. 80 labels have 90 nodes."""
    model = small(kind)
    labels = [[5 + i, 6 + j, 1] for i in range(10) for j in range(8)]
    prompt = [3, 4, 8, 10] * 20
    scorer, tokens = LabelScorer(model, labels, 0), []
    model.register_forward_pre_hook(lambda _, args, options: tokens.append(options["input_ids"].numel()), with_kwargs=True)
    found = torch.tensor(scorer([prompt]))
    assert scorer._tree_works is by_tree
    assert sum(tokens) < 2 * len(prompt) + 2 * 90 + 16 * 5 if by_tree else sum(tokens) > len(labels) * len(prompt)
    torch.testing.assert_close(found, torch.tensor([score_labels(model, prompt, labels, 0)]), rtol=1e-4, atol=1e-4)


def refuse(_, args, options):
    if options.get("cache") is not None:
        raise RuntimeError("no cache")


def ignore(_, args, options):
    return args, {**options, "cache": None, "use_cache": False}


@pytest.mark.parametrize("hook", [refuse, ignore])
def test_a_model_that_does_not_continue_from_keys_and_values_is_scored_without_them(hook):
    model, labels, prompt = small("llama"), [[5, 6, 1], [5, 7, 1], [9, 1]], [3, 4, 8, 10]
    expected = score_labels(model, prompt, labels, 0)
    model.register_forward_pre_hook(hook, with_kwargs=True)
    assert LabelScorer(model, labels, 0)([prompt]) == [expected]


def test_few_copies_of_a_long_prompt_are_kept_while_the_tree_is_tried():
    model, labels = small("llama"), [[5 + i, 6, 1] for i in range(8)]
    prompt = [3 + i % 40 for i in range(1500)]
    rows = []
    model.register_forward_pre_hook(lambda _, args, options: rows.append(len(options["input_ids"])), with_kwargs=True)
    found = LabelScorer(model, labels, 0)([prompt])
    assert max(rows) == 2, "3,000 tokens of 4,096"
    torch.testing.assert_close(torch.tensor(found), torch.tensor([score_labels(model, prompt, labels, 0)]), rtol=1e-4, atol=1e-4)


def test_short_prompts_are_not_padded_to_a_long_one():
    model, labels = small("llama"), [[5, 6, 1], [5, 7, 1], [9, 1]]
    prompts = [[3 + i % 40 for i in range(length)] for length in (400, 30, 29, 28, 27)]
    prompts = [[2 + i, *prompt] for i, prompt in enumerate(prompts)]  # they share no beginning
    scorer, passes = LabelScorer(model, labels, 0), []
    found = scorer(prompts)
    model.register_forward_pre_hook(lambda _, args, options: passes.append(tuple(options["input_ids"].shape)), with_kwargs=True)
    assert scorer(prompts) == found
    assert sorted(passes) == [(1, 401), (4, 31), (5, 4)], "four nodes of each row in the last"
    expected = [score_labels(model, prompt, labels, 0) for prompt in prompts]
    torch.testing.assert_close(torch.tensor(found), torch.tensor(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kind", "by_tree"), [("llama", True), ("lfm2", False)])
def test_models_that_do_not_support_a_tree_are_scored_without_it(kind, by_tree):
    model = small(kind)
    labels, prompts = [[5, 6, 1], [5, 6, 7, 1], [9, 1]], [[3, 4, 8, 10], [7, 2]]
    scorer = LabelScorer(model, labels, 0)
    found = torch.tensor(scorer(prompts))
    assert scorer._tree_works is by_tree
    expected = []
    for prompt in prompts:
        row = []
        for label in labels:
            with torch.no_grad():
                chances = model(torch.tensor([prompt + label])).logits[0].log_softmax(-1)
            row.append(sum(chances[len(prompt) - 1 + i, token].item() for i, token in enumerate(label)))
        expected.append(row)
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-4, atol=1e-4)
