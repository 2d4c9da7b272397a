"""The tokenizer: byte-level BPE with 4,096 entries, trained on our corpus. Encoding and decoding any text returns it unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

from . import words

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, END = "<|pad|>", "<|end|>"
# GPT-2's pre-tokenization, except that every digit is a token of its own, so that new numbers and ids can be copied digit by digit.
PIECES = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def train(texts: Iterator[str], size: int) -> Tokenizer:
    """Train a tokenizer with `size` entries, 256 of which are bytes; `<|pad|>` is 0 and `<|end|>` is 1."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PIECES), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[PAD, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def training_texts(rng: Random, documents: Iterator[str], count: int) -> Iterator[str]:
    """`count` documents, each with a line of invented words, so that pieces of unknown words get entries of their own."""
    for _ in range(count):
        yield next(documents)
        yield " ".join(words.name(rng) if rng.random() < 0.3 else words.pseudo_word(rng) for _ in range(10))


def wrap(tokenizer: Tokenizer, context: int) -> Any:
    """The transformers tokenizer that is saved with the model."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, model_max_length=context, clean_up_tokenization_spaces=False
    )
