"""From an example to token ids: the one place where prompts are wrapped, tokenized and cut, for training and for prediction.

    plain:            [start] prompt                                + completion [end]
    chat:             template's head · prompt · template's tail    + completion [end of turn]
    encoder-decoder:  the tokenizer's own form of the prompt, and of the completion
    encoder:          the tokenizer's own form of the prompt; it writes no completion

The examples of a few-shot prompt (shots) are turns of the chat, or precede the prompt with a mark between them. In a conversation, the
prompt is the last turn of the user, and the earlier turns precede it (`turn_frames`).

Prompt and completion are tokenized separately, so that the prompt's ids are the same with and without a completion. Special tokens come
only from the template and from this module: where their text occurs in the data, it stays text, so that no example can end a turn or
open another.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from harness.engine.prompts.chat_template import render_chat
from harness.engine.prompts.turn_frames import ChatFrames, Span, drop_oldest, write_plain
from harness.errors import BenchError
from harness.types import EARLIER_TURNS, Example, PromptFormat, Shape, Turn, read_turns

_SHOT_END = "\n\n###"  # behind each shot of a plain prompt; a model that has understood also writes it behind its answer
_SHOT_GAP = f"{_SHOT_END}\n\n"
_CUT_ATTEMPTS = 64


@dataclass(frozen=True)
class EncodedPrompt:
    """A prompt as token ids.

    Attributes:
        truncated: whether its input was cut to fit.
        shots: how many fit in front of it.
        answers: where the earlier turns of the assistant are, with what closes them if the model has a chat template; None: not known,
            because the tokenizer does not tell which characters a token stands for.
    """

    ids: list[int]
    truncated: bool
    shots: int = 0
    answers: tuple[Span, ...] | None = ()


@dataclass(frozen=True)
class Shot:
    """An example in a few-shot prompt: its rendered prompt and the right answer."""

    prompt: str
    completion: str


@dataclass(frozen=True)
class _Frame:
    """The tokens around shots and prompt: head · prompt · answers · completion · between · prompt · tail."""

    head: list[int]
    answers: list[int]
    between: list[int]
    tail: list[int]


class KeepTokens(Protocol):
    """Keeps the ids of long lists of texts, so that other processes need not tokenize them again."""

    def __call__(self, texts: Sequence[str], settings: str, tokenize: Callable[[], list[list[int]]]) -> list[list[int]]:
        """The ids of each text: those that are kept, or those of `tokenize`.

        Args:
            settings: what decides besides the model's files which ids a text has.
        """


class PromptEncoder:
    """Encodes prompts and completions for one model."""

    def __init__(
        self, tokenizer: Any, prompt_format: PromptFormat = "auto", shape: Shape = "decoder", keep: KeepTokens | None = None
    ) -> None:
        """
        Args:
            keep: where ids of long lists of texts are kept, for a tokenizer that is in the model's files or a copy of it.

        Raises:
            BenchError: the format is `chat` and the tokenizer has no chat template, or the tokenizer has no end token.
        """
        self._tokenizer = tokenizer
        self._shape = shape
        self._keep = keep
        has_template = bool(getattr(tokenizer, "chat_template", None)) and shape == "decoder"
        if prompt_format == "chat" and not has_template:
            raise BenchError("prompt_format 'chat' needs a model with a chat template, but this model has none. Use plain or auto.")
        self.chat = has_template and prompt_format != "plain"
        self._head, self._tail = self._chat_frame() if self.chat else self._plain_frame()
        self._frames = ChatFrames(tokenizer, self._text_ids, self._template_ids)
        # An encoder writes no text, so it needs no end token.
        self.end_id: int = self._end_of_turn() if self.chat else tokenizer.eos_token_id
        if self.end_id is None and shape != "encoder":
            raise BenchError("the model's tokenizer has no end token, so a completion could never end")
        self.stop_ids = frozenset({self.end_id, tokenizer.eos_token_id} - {None})
        self.pad_id: int = tokenizer.pad_token_id

    @property
    def frame(self) -> tuple[list[int], list[int]]:
        """The ids before and behind those of a prompt without shots."""
        return self._head, self._tail

    def prompts(
        self, examples: Sequence[Example], render: Callable[[Example], str], budget: int, shots: Sequence[Shot] = ()
    ) -> list[EncodedPrompt]:
        """Encode the prompt of each example into at most `budget` tokens.

        Shots that do not fit are left out whole, the last ones first, and then earlier turns of a conversation, the oldest first. If a
        prompt is too long even without these, the end of its longest input is cut, never a part of the instruction.

        Raises:
            BenchError: the instruction alone does not fit.
        """
        if shots:
            return self._with_shots(examples, render, budget, shots)
        turns = [self._read_turns(example) for example in examples]
        texts = [render(example) for example in examples]
        return [
            prompt if len(prompt.ids) <= budget else self._shortened(example, render, budget)
            for example, prompt in zip(examples, self._encode_all(turns, texts), strict=True)
        ]

    def completions(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each completion, including its end token."""
        if self._shape == "encoder-decoder":  # its tokenizer knows the form of a target
            return self._text_ids(texts, add_special_tokens=True)
        return [[*ids, self.end_id] for ids in self._text_ids(texts)]

    def text_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text as the beginning of a completion, without an end token."""
        return self._text_ids(texts)

    def stops(self, with_shots: bool) -> tuple[str, ...]:
        """Texts that end an output, besides the end token: the mark behind each shot, if the prompt shows any."""
        return (_SHOT_END,) if with_shots and not self.chat else ()

    def text(self, ids: Sequence[int]) -> str:
        """The text of generated ids, without special tokens. Surrounding space is kept, because a stop text may consist of it."""
        decoded: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return decoded

    def _read_turns(self, example: Example) -> tuple[Turn, ...]:
        """The turns that precede the prompt of an example. An encoder reads them as one of its inputs."""
        if EARLIER_TURNS not in example.inputs or self._shape == "encoder":
            return ()
        try:
            return read_turns(example.inputs[EARLIER_TURNS])
        except ValueError as error:
            raise BenchError(f"example '{example.id}': its input '{EARLIER_TURNS}' {error}") from None

    def _encode(self, turns: Sequence[Turn], prompt: str) -> EncodedPrompt:
        """A prompt behind earlier turns, if there are any."""
        return self._encode_all([turns], [prompt])[0]

    def _encode_all(self, turns: Sequence[Sequence[Turn]], prompts: Sequence[str]) -> list[EncodedPrompt]:
        """Each prompt behind its earlier turns, if there are any. Texts are tokenized together, which is faster."""
        alone = iter(self._tokenize([prompt for earlier, prompt in zip(turns, prompts, strict=True) if not earlier]))
        behind = iter(self._encode_conversations([pair for pair in zip(turns, prompts, strict=True) if pair[0]]))
        return [next(behind) if earlier else EncodedPrompt(next(alone), False) for earlier in turns]

    def _encode_conversations(self, conversations: Sequence[tuple[Sequence[Turn], str]]) -> list[EncodedPrompt]:
        """Prompts behind the earlier turns of their conversations."""
        if self.chat:
            turns = [(*earlier, Turn("user", prompt.strip())) for earlier, prompt in conversations]
            return [EncodedPrompt(ids, False, answers=answers) for ids, answers in self._frames.encode(turns, self.end_id)]
        written = [write_plain(*conversation) for conversation in conversations]
        rows = self._tokenize([text for text, _ in written])
        return [EncodedPrompt(ids, False, answers=self._find_tokens(*each)) for ids, each in zip(rows, written, strict=True)]

    def _find_tokens(self, text: str, places: Sequence[Span]) -> tuple[Span, ...] | None:
        """Which ids of a plain prompt stand for these places of its text; None if the tokenizer does not tell."""
        if not self._tokenizer.is_fast:
            return None
        coded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True)
        first = len(self._head)
        starts, ends = ([offset[side] for offset in coded["offset_mapping"]] for side in (0, 1))
        # A token that reaches beyond the place is not part of it.
        return tuple((first + bisect_left(starts, start), first + bisect_right(ends, end)) for start, end in places)

    def _tokenize(self, prompts: Sequence[str]) -> list[list[int]]:
        return [[*self._head, *ids, *self._tail] for ids in self._prompt_ids(prompts)]

    def _prompt_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """The ids of prompts without the tokens around them."""
        return self._text_ids([prompt.strip() for prompt in prompts] if self.chat else prompts)

    def _with_shots(
        self, examples: Sequence[Example], render: Callable[[Example], str], budget: int, shots: Sequence[Shot]
    ) -> list[EncodedPrompt]:
        frame = self._frame_of_turns if self.chat else _Frame(self._head, [], self._text_ids([_SHOT_GAP])[0], self._tail)
        questions = self._prompt_ids([shot.prompt for shot in shots])
        answers = self._text_ids([shot.completion for shot in shots])
        blocks = [[*q, *frame.answers, *a, *frame.between] for q, a in zip(questions, answers, strict=True)]
        encoded = []
        for example, ids in zip(examples, self._prompt_ids([render(e) for e in examples]), strict=True):
            if turns := self._read_turns(example):
                encoded.append(self._with_turns_and_shots(example, turns, render, budget, shots))
                continue
            room = budget - len(frame.head) - len(ids) - len(frame.tail)
            kept = 0
            while kept < len(blocks) and len(blocks[kept]) <= room:
                room -= len(blocks[kept])
                kept += 1
            if kept or room >= 0:
                shown = [token for block in blocks[:kept] for token in block]
                encoded.append(EncodedPrompt([*frame.head, *shown, *ids, *frame.tail], False, kept))
            else:
                encoded.append(self._shortened(example, render, budget))
        return encoded

    def _with_turns_and_shots(
        self, example: Example, turns: Sequence[Turn], render: Callable[[Example], str], budget: int, shots: Sequence[Shot]
    ) -> EncodedPrompt:
        """A prompt with shots and earlier turns: the shots come between the system prompt and the other turns."""
        start = 1 if turns[0].role == "system" else 0
        for kept in range(len(shots), -1, -1):
            shown = [turn for shot in shots[:kept] for turn in (Turn("user", shot.prompt), Turn("assistant", shot.completion))]
            prompt = self._encode([*turns[:start], *shown, *turns[start:]], render(example))
            if len(prompt.ids) <= budget:
                return replace(prompt, shots=kept)
        return self._shortened(example, render, budget)

    def _text_ids(self, texts: Sequence[str], *, add_special_tokens: bool = False) -> list[list[int]]:
        if not texts:
            return []

        def tokenize() -> list[list[int]]:
            tokenized = self._tokenizer(list(texts), add_special_tokens=add_special_tokens, split_special_tokens=True)
            rows: list[list[int]] = tokenized["input_ids"]
            return rows

        return tokenize() if self._keep is None else self._keep(texts, f"{self._identity} {add_special_tokens}", tokenize)

    @cached_property
    def _identity(self) -> str:
        """What may have been added to the tokenizer of the model's files."""
        return json.dumps(sorted(self._tokenizer.get_added_vocab().items()))

    def _plain_frame(self) -> tuple[list[int], list[int]]:
        """The tokenizer's own start and end of a text. A decoder's prompt must stay open, so it gets no end."""
        (text,) = self._text_ids(["a"])
        (whole,) = self._text_ids(["a"], add_special_tokens=True)
        start = next((i for i in range(len(whole)) if whole[i : i + len(text)] == text), 0)
        return whole[:start], [] if self._shape == "decoder" else whole[start + len(text) :]

    def _chat_frame(self) -> tuple[list[int], list[int]]:
        """What the chat template writes before and behind the user's text."""
        mark = "bench-prompt"
        turn = [{"role": "user", "content": mark}]
        wrapped: str = render_chat(self._tokenizer, turn, add_generation_prompt=True)
        head, separator, tail = wrapped.partition(mark)
        if not separator:
            raise BenchError("the model's chat template does not contain the user's text: set prompt_format: plain")
        ids = [self._template_ids(part) for part in (head, tail)]
        return ids[0], ids[1]

    @cached_property
    def _frame_of_turns(self) -> _Frame:
        """What the chat template writes around two turns of the user and the answer between them.

        Raises:
            BenchError: the template does not write them one after the other.
        """
        marks = ("bench-first", "bench-answer", "bench-second")
        roles = ("user", "assistant", "user")
        turns = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
        rest: str = render_chat(self._tokenizer, turns, add_generation_prompt=True)
        parts = []
        for mark in marks:
            before, separator, rest = rest.partition(mark)
            if not separator:
                raise BenchError("the model's chat template does not accept examples as turns: set prompt_format: plain")
            parts.append(before)
        return _Frame(*(self._template_ids(part) for part in (*parts, rest)))

    def _template_ids(self, part: str) -> list[int]:
        """The ids of a part of the chat template, whose special tokens are meant."""
        ids: list[int] = self._tokenizer(part, add_special_tokens=False)["input_ids"] if part else []
        return ids

    def _shortened(self, example: Example, render: Callable[[Example], str], budget: int) -> EncodedPrompt:
        """A prompt that fits: without its earlier turns, the oldest first, and then with its longest inputs cut."""
        turns = self._read_turns(example)
        while (fewer := drop_oldest(turns)) != turns:
            turns = fewer
            if len((prompt := self._encode(turns, render(example))).ids) <= budget:
                return replace(prompt, truncated=True)
        inputs = {name: text for name, text in example.inputs.items() if name != EARLIER_TURNS or self._shape == "encoder"}
        whole = render(example)
        # Cutting an input that the prompt does not show would not help.
        unused = [name for name in inputs if render(_with_inputs(example, inputs | {name: inputs[name][:1]})) == whole]
        for attempt in range(_CUT_ATTEMPTS):
            prompt = self._encode(turns, render(_with_inputs(example, inputs)))
            excess = len(prompt.ids) - budget
            if excess <= 0:
                return replace(prompt, truncated=True)
            longest = max(inputs, key=lambda name: (name not in unused, len(inputs[name])))
            (tokens,) = self._text_ids([inputs[longest]])
            if not inputs[longest]:
                break
            # Offsets would be exact, but not every tokenizer has them. Cutting by the share of characters comes close after a few attempts,
            # unless the end of the text has far fewer tokens than the rest: then the steps double, so that the loop always ends.
            kept = max(0, len(tokens) - excess * 2 ** max(0, attempt - 8)) / max(1, len(tokens))
            cut = min(int(len(inputs[longest]) * kept), len(inputs[longest]) - 1)
            inputs = {name: text[:cut] if text == inputs[longest] else text for name, text in inputs.items()}
        raise BenchError(f"the instruction of the prompt alone takes {len(prompt.ids)} tokens, but there is room for only {budget}")

    def _end_of_turn(self) -> int:
        """The token that closes the assistant's turn, which is not always the tokenizer's end token."""
        turn = [{"role": "user", "content": "a"}]
        mark = "bench-completion"
        closed: str = render_chat(self._tokenizer, [*turn, {"role": "assistant", "content": mark}])
        after = closed.rpartition(mark)[2] if mark in closed else ""
        ids = self._template_ids(after.strip())
        special = set(self._tokenizer.all_special_ids) | set(self._tokenizer.added_tokens_decoder)
        return ids[0] if ids and ids[0] in special else self._tokenizer.eos_token_id


def _with_inputs(example: Example, inputs: Mapping[str, str]) -> Example:
    return Example(example.id, inputs, example.targets, example.choices, example.group, example.meta)
