"""Output of promptfoo (`promptfoo eval -o output.json`): every provider with every prompt is a system, every test an example.

A test passes where all its assertions hold. Named scores belong to the tests that have an assertion with that metric. With `--repeat`, and
in a file that lists a test twice, tests with the same variables and assertions are one group: their answers are no independent examples.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.interchange.imported import ImportedResult, clean_name, cut
from harness.interchange.json_node import JsonNode
from harness.types import Cost, Example, Prediction, StoredScore

FAMILY, TOOL = "promptfoo", "promptfoo"
_PASSED, _SCORE = f"{FAMILY}/pass", f"{FAMILY}/score"
_ERROR = 2  # promptfoo's `failureReason` of a test that has no answer
# Assertions that compare texts for equality; a name with "not-" before it is the opposite.
_EXACT = frozenset({"equals"})


@dataclass
class _System:
    """What is read of a provider with a prompt.

    Attributes:
        questions: by test, its variables and assertions: tests that agree in them are one test, repeated.
    """

    provider: str
    prompt: str
    examples: dict[str, Example] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Prediction] = field(default_factory=dict)
    seconds: list[float | None] = field(default_factory=list)
    prices: list[float | None] = field(default_factory=list)
    errors: int = 0
    exact: bool = True


def is_promptfoo(document: JsonNode) -> bool:
    """Whether a JSON document is the output of an evaluation."""
    results = document.find("results", "results")
    return results is not None and isinstance(results.value, list) and document.find("results", "stats") is not None


def read_promptfoo(document: JsonNode, path: Path, sha256: str) -> list[ImportedResult]:
    """The results of every provider with every prompt.

    Raises:
        BenchError: the file is damaged.
    """
    systems: dict[tuple[str, int], _System] = {}
    prompts: dict[str, int] = {}  # by label, where an old file does not number them
    for each in document.at("results", "results").items():
        numbered, provider = each.find("promptIdx"), _provider(each)
        index = numbered.count() if numbered is not None else prompts.setdefault(_prompt(each), len(prompts))
        system = systems.setdefault((provider, index), _System(provider, _prompt(each)))
        _add_test(system, each)
    if not systems:
        raise document.problem("has no results of tests. Leave this file out")
    version = document.find("metadata", "promptfooVersion")
    tool = f"{TOOL} {version.text()[:40]}" if version else TOOL
    task = document.find("config", "description")
    name = clean_name(task.text() if task and isinstance(task.value, str) else path.stem, fallback="promptfoo")
    several = len({index for _, index in systems}) > 1
    return [_result(system, index, name, path, sha256, tool, several, document) for (_, index), system in systems.items()]


def _provider(test: JsonNode) -> str:
    provider = test.at("provider")
    if isinstance(provider.value, str):
        return provider.value
    label = provider.find("label")
    return label.text() if label is not None and label.value else provider.at("id").text()


def _prompt(test: JsonNode) -> str:
    """The template, without the variables of the test."""
    prompt = test.find("prompt", "label") or test.find("prompt", "display")
    return prompt.text() if prompt is not None else ""


def _add_test(system: _System, test: JsonNode) -> None:
    index = test.find("testIdx")  # files before version 3 have none: every provider has the tests in the same order
    name = str(index.count()) if index is not None else str(len(system.examples))
    example = Example(name, {"input": cut(_describe_variables(test))}, _targets(test))
    if name in system.examples:
        raise test.problem(f"the test {name} occurs twice. Import the file as promptfoo wrote it")
    system.examples[name] = example
    system.questions[name] = json.dumps([example.inputs["input"], [each.value for each in _assertions(test)]], sort_keys=True)
    passed, score = test.at("success"), test.find("score")
    if not isinstance(passed.value, bool):
        raise passed.problem("must be true or false")
    scores: dict[str, float | None] = {_PASSED: passed.number(), _SCORE: score.find_number() if score else None}
    named = test.find("namedScores")
    for metric, node in named.fields() if named else ():
        scores[f"{FAMILY}/named/{metric}"] = node.find_number()
    failure = test.find("failureReason")
    system.errors += failure is not None and failure.value == _ERROR
    system.exact &= _is_exact(test)
    written = test.find("response", "output")
    text = str(written.value) if written is not None else ""
    usage = [test.find("tokenUsage", kind) for kind in ("prompt", "completion")]
    tokens = [int(number) if node and (number := node.find_number()) and number > 0 else 0 for node in usage]
    system.outputs[name] = Prediction(name, cut(text), scores=scores, tokens_in=tokens[0], tokens_out=tokens[1])
    system.seconds.append(None if _is_cached(test) else _milliseconds(test))
    price = test.find("cost")
    system.prices.append(price.find_number() if price else None)


def _describe_variables(test: JsonNode) -> str:
    variables = test.find("vars")
    if variables is None:
        return ""
    return "\n".join(f"{name}: {node.value}" for name, node in variables.fields())


def _assertions(test: JsonNode) -> list[JsonNode]:
    asserted = test.find("testCase", "assert")
    return asserted.items() if asserted is not None else []


def _targets(test: JsonNode) -> tuple[str, ...]:
    """The text that the output must equal, where the test says so."""
    values = [each.find("value") for each in _assertions(test) if each.find("type") and each.at("type").value == "equals"]
    return tuple(cut(node.value) for node in values if node is not None and isinstance(node.value, str))


def _is_exact(test: JsonNode) -> bool:
    """Whether all assertions of a test compare texts for equality."""
    types = [str(node.value).removeprefix("not-") for each in _assertions(test) if (node := each.find("type"))]
    return bool(types) and set(types) <= _EXACT


def _is_cached(test: JsonNode) -> bool:
    """Whether the answer was not asked for again, so that its time says nothing."""
    cached = test.find("response", "cached")
    return cached is not None and bool(cached.value)


def _milliseconds(test: JsonNode) -> float | None:
    """The time of an answer, in seconds."""
    latency = test.find("latencyMs")
    number = latency.find_number() if latency is not None else None
    return number / 1000 if number is not None and number >= 0 else None


def _result(
    system: _System, index: int, task: str, path: Path, sha256: str, tool: str, several: bool, document: JsonNode
) -> ImportedResult:
    scores, labels = _scores(system, document)
    name = clean_name(system.provider.rsplit("/", 1)[-1], fallback="provider")
    warnings = []
    if system.errors:
        warnings.append(f"{system.provider[:80]}: {system.errors:,} tests ended with an error; promptfoo counts them as not passed.")
    return ImportedResult(
        system=clean_name(f"{name}-prompt{index + 1}", fallback="provider") if several else name,
        description=f"{system.provider[:100]}, prompt: {system.prompt[:90]}",
        task=task,
        file=str(path),
        sha256=sha256,
        tool=tool,
        scores=scores,
        labels=labels,
        examples=_grouped(system),
        repeats=(tuple(_completed(output, scores) for output in system.outputs.values()),),
        costs=_costs(system),
        warnings=tuple(warnings),
    )


def _scores(system: _System, document: JsonNode) -> tuple[tuple[StoredScore, ...], dict[str, str]]:
    """The scores in a fixed order, and their plain names. In promptfoo, more is always better."""
    names = dict.fromkeys(name for prediction in system.outputs.values() for name in prediction.scores)
    if too_long := next((name for name in names if len(name) > 80), None):
        raise document.problem(f"the name of the score '{too_long[:90]}' has more than 80 characters. Leave this file out")
    units = {_PASSED: "fraction"}
    scores = tuple(
        StoredScore(name, "higher", units.get(name, "value"), f"{name}|imported", exact=name == _PASSED and system.exact) for name in names
    )
    plain = {_PASSED: "tests passed in promptfoo", _SCORE: "promptfoo’s score"}
    return scores, {name: plain.get(name) or f"{name.removeprefix(f'{FAMILY}/named/')} of promptfoo" for name in names}


def _grouped(system: _System) -> tuple[Example, ...]:
    """The examples, with a group for each question where some question was asked several times."""
    first: dict[str, str] = {}
    groups = {name: first.setdefault(question, name) for name, question in system.questions.items()}
    if len(first) == len(groups):
        return tuple(system.examples.values())
    return tuple(replace(example, group=groups[name]) for name, example in system.examples.items())


def _completed(prediction: Prediction, scores: Sequence[StoredScore]) -> Prediction:
    """The output with every score: None where its test has none of this name."""
    known: Mapping[str, float | None] = prediction.scores
    return Prediction(
        prediction.example_id,
        prediction.output,
        scores={score.name: known.get(score.name) for score in scores},
        tokens_in=prediction.tokens_in,
        tokens_out=prediction.tokens_out,
    )


def _costs(system: _System) -> tuple[Cost, ...]:
    """Time and price of the answers, where the file states them for each."""
    seconds = [value for value in system.seconds if value is not None]
    prices = [value for value in system.prices if value is not None and value >= 0]
    time = math.fsum(seconds) if len(seconds) == len(system.seconds) else 0.0
    price = math.fsum(prices) if len(prices) == len(system.prices) and any(prices) else None
    if not time and price is None:
        return ()
    return (Cost("predict", time, f"as {TOOL} states", price=price),)
