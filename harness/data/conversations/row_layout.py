"""Rows that hold whole prompts with their answers: which of the usual layouts a table has, and how a row of it is read.

    messages      {"messages": [turns]}, also `conversations` and other names           OpenAI, ShareGPT, TRL
                  {"prompt": [turns], "completion": [turns]}                             TRL
    preferences   {"prompt": "…", "chosen": "…", "rejected": "…"}, or lists of turns     TRL, reward models
                  {"conversations": [turns], "chosen": turn, "rejected": turn}           LLaMA-Factory
                  {"input": {"messages": [turns]}, "preferred_output": [turns],
                   "non_preferred_output": [turns]}                                       OpenAI
                  {"system": "…", "question": "…", "chosen": "…", "rejected": "…"}       orca-dpo
                  {"chosen": "⏎⏎Human: …⏎⏎Assistant: …", "rejected": "…"}                hh-rlhf
    instruction   {"instruction": "…", "input": "…", "output": "…"}, also with `history`  Alpaca
                  {"instruction": "…", "context": "…", "response": "…"}                   Dolly

    log           {"request": {"messages": [turns]}, "response": {"choices": […]}}        a log of OpenAI's interface

A prompt of such a row is complete: no instruction is written around it. Pairs of texts need nothing of this module: their columns are an
input and a target like others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.data.conversations.request_log import RESPONSE, find_request_column, read_logged_turns
from harness.data.conversations.turn_list import parse_transcript, parse_turns
from harness.data.records import BadRowError, EmptyCellError, is_pair, quote
from harness.types import EARLIER_TURNS, RowLayout, Turn, write_turns

_MESSAGES = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns")  # usual names, in this order
_SYSTEM = ("system", "system_prompt")
_OUTPUTS = ("output", "response")
_CONTEXTS = ("input", "context")
_PROMPTS = ("prompt", "question", "instruction", "input")  # of preference pairs
_OPENAI_PROMPT = "input.messages"
_DESIRED = "label"  # of conversations: whether the answer is wanted


@dataclass(frozen=True)
class WholePrompt:
    """A prompt with all that precedes it.

    Attributes:
        turns: those before the prompt.
        text: the prompt, which is the last turn of the user.
        answer: None if the row has none.
        rejected: of a preference pair, the worse answer to the same prompt; None if the row has none.
    """

    turns: tuple[Turn, ...]
    text: str
    answer: str | None
    rejected: str | None = None

    @property
    def inputs(self) -> dict[str, str]:
        """The inputs by variable: the prompt, and the turns that precede it as one text."""
        return ({EARLIER_TURNS: write_turns(self.turns)} if self.turns else {}) | {"input": self.text}


@dataclass(frozen=True)
class PromptColumns:
    """The columns of a table whose rows hold whole prompts.

    Attributes:
        prompt, answer: one column for both where a list of turns ends with the answer.
        system: the column of the system prompt, if it has one of its own.
        context: the column that continues an instruction.
        history: the column with earlier pairs of a question and its answer.
        has_turns: whether prompt and answer are lists of turns.
        is_transcript: whether they are texts that hold a whole conversation.
        rejected: the column of the worse answer of a preference pair.
        unused: further columns that belong to the layout.
    """

    layout: RowLayout
    prompt: str
    answer: str
    system: str | None = None
    context: str | None = None
    history: str | None = None
    has_turns: bool = False
    is_transcript: bool = False
    rejected: str | None = None
    unused: tuple[str, ...] = ()

    @property
    def all_names(self) -> tuple[str, ...]:
        """The columns, each once."""
        named = (self.prompt.split(".")[0], self.answer, self.system, self.context, self.history, self.rejected, *self.unused)
        return tuple(dict.fromkeys(column for column in named if column is not None))

    def read(self, values: Mapping[str, Any], *, needs_answer: bool) -> WholePrompt:
        """The prompt of a row.

        Args:
            needs_answer: whether the last turn of the assistant is the answer. Otherwise, a conversation that ends with a turn of the user
                is a prompt as it is.

        Raises:
            BadRowError: the row cannot be used.
        """
        if self.has_turns and needs_answer and values.get(_DESIRED) is False:
            raise BadRowError(f"'{_DESIRED}' is false: the row shows an answer that is not wanted (as for KTO)")
        prompt = self._read(values, self.answer, needs_answer=needs_answer)
        if self.rejected is None or prompt.answer is None or not values.get(self.rejected):
            return prompt
        try:
            worse = self._read(values, self.rejected, needs_answer=True)
        except BadRowError:  # the row is an example without a pair
            return prompt
        if worse.answer is None or (worse.turns, worse.text) != (prompt.turns, prompt.text) or not is_pair(prompt.answer, worse.answer):
            return prompt
        return replace(prompt, rejected=worse.answer)

    def _read(self, values: Mapping[str, Any], answer: str, *, needs_answer: bool) -> WholePrompt:
        """The prompt of a row with the answer of this column."""
        if self.is_transcript:
            turns = parse_transcript(values.get(answer), answer)
        else:
            turns = self._read_turns(values, answer) if self.has_turns else self._read_texts(values, answer)
        if self.system is not None and not (turns and turns[0].role == "system"):
            turns = [*self._read_system(values), *turns]
        if not needs_answer and turns and turns[-1].role == "user":
            return WholePrompt(tuple(turns[:-1]), _require_text(turns[-1].content, self.prompt), None)
        return self._split(turns, needs_answer=needs_answer)

    def _read_turns(self, values: Mapping[str, Any], column: str) -> list[Turn]:
        if self.layout == "log":
            return read_logged_turns(values, self.prompt)
        prompt = column if self.prompt == self.answer else self.prompt  # a conversation that holds both
        turns = parse_turns(_follow(values, prompt), prompt)
        if column == prompt or column not in values:
            return turns
        answer = parse_turns(values[column], column)
        # the answer of a preference pair may repeat the prompt
        return answer if self.layout == "preferences" and answer[: len(turns)] == turns else [*turns, *answer]

    def _read_texts(self, values: Mapping[str, Any], column: str) -> list[Turn]:
        prompt = _read_text(values, self.prompt)
        context = _read_text(values, self.context) if self.context is not None else ""
        earlier = _read_pairs(values, self.history) if self.history is not None else []
        turns = [*earlier, Turn("user", "\n\n".join(filter(str.strip, (prompt, context))))]
        answer = _read_text(values, column)
        return [*turns, Turn("assistant", answer)] if answer.strip() else turns

    def _read_system(self, values: Mapping[str, Any]) -> list[Turn]:
        assert self.system is not None
        text = _read_text(values, self.system)
        return [Turn("system", text)] if text.strip() else []

    def _split(self, turns: list[Turn], *, needs_answer: bool) -> WholePrompt:
        """Split a conversation before the last turn of the assistant; what the user says behind it is left out."""
        position = next((i for i in reversed(range(len(turns))) if turns[i].role == "assistant"), None)
        if position is None:
            raise EmptyCellError(f"'{self.answer}' has no answer: no turn of the assistant")
        before = turns[:position]
        if not before or before[-1].role != "user":
            who = f"by a turn of the {before[-1].role}" if before else "by nothing"
            raise BadRowError(f"'{self.prompt}': the last turn of the assistant must be preceded by a turn of the user, not {who}")
        answer = turns[position].content
        if needs_answer and not answer.strip():
            raise EmptyCellError(f"'{self.answer}': the last turn of the assistant is empty")
        return WholePrompt(tuple(before[:-1]), _require_text(before[-1].content, self.prompt), answer if answer.strip() else None)


def find_prompt_columns(names: Mapping[str, None], has: Callable[[str], bool]) -> PromptColumns | None:
    """The columns of a table whose rows hold whole prompts; None for other tables.

    Args:
        names: the columns of the table.
        has: whether the table has a column, or a value nested in one, under this name ("messages.role").
    """

    special = _find_log(has) or _find_preferences(names, has) or _find_openai_preferences(names, has)
    return special or _find_turn_pair(names, has) or _find_conversation(names, has) or _find_instruction(names)


def _find_log(has: Callable[[str], bool]) -> PromptColumns | None:
    request = find_request_column(has)
    return None if request is None else PromptColumns("log", request, RESPONSE, has_turns=True)


def _find_preferences(names: Mapping[str, None], has: Callable[[str], bool]) -> PromptColumns | None:
    if "chosen" not in names or "rejected" not in names:
        return None
    conversation = next((name for name in _MESSAGES if name in names and _holds_turns(name, has)), None)
    text = next((name for name in _PROMPTS if name in names), None)
    has_turns = _holds_turns("chosen", has)
    if has_turns and text is not None:
        prompt = text if _holds_turns(text, has) else "chosen"  # which repeats the prompt
    elif has_turns:
        prompt = conversation or "chosen"
    elif text is None and conversation is None:
        prompt = "chosen"
    elif text is None or _holds_turns(text, has):
        return None  # turns with texts as answers
    else:
        prompt = text
    return PromptColumns(
        "preferences",
        prompt,
        "chosen",
        _find_system(names),
        has_turns=has_turns,
        is_transcript=prompt == "chosen" and not has_turns,
        rejected="rejected",
        unused=() if text is None else (text,),
    )


def _find_openai_preferences(names: Mapping[str, None], has: Callable[[str], bool]) -> PromptColumns | None:
    answers = ("preferred_output", "non_preferred_output")
    if not all(name in names and _holds_turns(name, has) for name in answers) or not _holds_turns(_OPENAI_PROMPT, has):
        return None
    return PromptColumns("preferences", _OPENAI_PROMPT, answers[0], has_turns=True, rejected=answers[1])


def _find_turn_pair(names: Mapping[str, None], has: Callable[[str], bool]) -> PromptColumns | None:
    if "prompt" not in names or not _holds_turns("prompt", has):
        return None
    answer = "completion" if "completion" in names else None
    return PromptColumns("messages", "prompt", answer or "prompt", _find_system(names), has_turns=True)


def _find_conversation(names: Mapping[str, None], has: Callable[[str], bool]) -> PromptColumns | None:
    if names.keys() & {"input", "target", "question"}:
        return None
    usual = [name for name in _MESSAGES if name in names]
    conversation = next((name for name in dict.fromkeys((*usual, *names)) if _holds_turns(name, has)), None)
    return None if conversation is None else PromptColumns("messages", conversation, conversation, _find_system(names), has_turns=True)


def _find_instruction(names: Mapping[str, None]) -> PromptColumns | None:
    output = next((column for column in _OUTPUTS if column in names), None)
    if "instruction" not in names or output is None or "target" in names:
        return None
    context = next((column for column in _CONTEXTS if column in names), None)
    return PromptColumns("instruction", "instruction", output, _find_system(names), context, "history" if "history" in names else None)


def _holds_turns(column: str, has: Callable[[str], bool]) -> bool:
    is_pairs = column in _MESSAGES and has(f"{column}.input") and has(f"{column}.output")
    return has(f"{column}.role") or has(f"{column}.from") or is_pairs


def _follow(values: Mapping[str, Any], column: str) -> Any:
    """The value of a column, or of one that is nested in an object."""
    base, _, name = column.partition(".")
    value = values.get(base)
    return value if not name else value.get(name) if isinstance(value, Mapping) else None


def _find_system(names: Mapping[str, None]) -> str | None:
    return next((column for column in _SYSTEM if column in names), None)


_DESCRIPTIONS: Mapping[RowLayout, str] = {
    "messages": "conversations: the target is the last turn of the assistant, and the prompt is what precedes it",
    "pair": "pairs of a prompt and its completion, which are used as they are, without a chat template",
    "preferences": "preference pairs: the preferred answer is the target; preference tuning also reads the rejected one",
    "instruction": "instructions with their outputs",
    "log": "requests to a model with its responses: the targets are what that model answered, so that scores are agreement with it",
}


def describe_layout(layout: RowLayout) -> str:
    """How rows of a layout are read, behind "the rows are"."""
    return _DESCRIPTIONS[layout]


def _read_text(values: Mapping[str, Any], column: str) -> str:
    value = values.get(column)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRowError(f"'{column}' must be text, found {quote(value)}", quote(value))
    return str(value).replace("\r\n", "\n")


def _read_pairs(values: Mapping[str, Any], column: str) -> list[Turn]:
    pairs = values.get(column) or []
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and list(map(type, pair)) == [str, str] for pair in pairs):
        raise BadRowError(f"'{column}' must be a list of pairs of a question and its answer, found {quote(pairs)}", quote(pairs))
    return [turn for question, answer in pairs for turn in (Turn("user", question), Turn("assistant", answer))]


def _require_text(text: str, column: str) -> str:
    if not text.strip():
        raise EmptyCellError(f"'{column}': the prompt is empty")
    return text
