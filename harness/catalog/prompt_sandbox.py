"""A Jinja environment for prompts that come from others: no access to Python, and a stated limit for everything that takes time or memory.

Jinja's sandbox keeps a template from Python internals and files, but not from running for days: `9**(9**8)`, loops within loops, or a text
that doubles forty times. Here every item of a loop and every character of a text that is built draws on one budget for each rendering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_WORK = 20_000_000  # items of loops and characters of built texts, for one rendering: below a second
MAX_NUMBER = 10_000  # of an argument of a filter or a method, such as a width
_LOOP_ITEM = 10  # an item of a loop costs as much as so many characters
_REFUSED = {
    nodes.Macro: "macros",
    nodes.CallBlock: "call blocks",
    nodes.Block: "blocks",
    nodes.Extends: "other templates",
    nodes.Include: "other templates",
    nodes.Import: "other templates",
    nodes.FromImport: "other templates",
    nodes.Pow: "powers",
}

_REFUSED_METHODS = ("format", "format_map", "translate", "maketrans", "encode")

_work_left: ContextVar[list[int]] = ContextVar("work_left")


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Renders prompts within limits.

    Raises:
        SecurityError: while rendering, if a template exceeds a limit.
    """

    intercepted_binops = frozenset(("+", "*", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False, finalize=_count_text)
        self.globals.pop("lipsum")
        self.globals["range"] = _short_range
        self.filters = {name: _limit_filter(name, filter_) for name, filter_ in self.filters.items()}
        self.filters |= {"-items": _count_items, "-text": _count_text}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        for node in template.find_all((*_REFUSED, nodes.For)):
            if isinstance(node, nodes.For) and node.recursive:
                raise jinja2.TemplateSyntaxError("a prompt cannot use recursive loops", node.lineno)
            if type(node) in _REFUSED:
                raise jinja2.TemplateSyntaxError(f"a prompt cannot use {_REFUSED[type(node)]}", node.lineno)
        return template

    def _generate(self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False) -> str:
        for loop in list(source.find_all(nodes.For)):
            text = sum(len(data.data) for data in loop.find_all(nodes.TemplateData))
            loop.iter = nodes.Filter(loop.iter, "-items", [nodes.Const(_LOOP_ITEM + text)], [], None, None, lineno=loop.lineno)
        _count_concatenations(source)
        return super()._generate(source, name, filename, defer_init)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("a prompt cannot format text with %")
        if operator == "*" and not all(isinstance(value, int | float) for value in (left, right)):
            raise SecurityError("a prompt cannot repeat a text or a list")
        return _count_text(super().call_binop(context, operator, left, right))

    def call(self, context: Any, callable_: Any, *arguments: Any, **named: Any) -> Any:
        method, owner = getattr(callable_, "__name__", ""), getattr(callable_, "__self__", None)
        if method in _REFUSED_METHODS:
            raise SecurityError(f"a prompt cannot use '{method}'")
        _check_arguments([*arguments, *named.values()])
        if isinstance(owner, str):
            _check_growth(method, owner, [*arguments, *named.values()])
        return _count_text(super().call(context, callable_, *arguments, **named))


def render_limited(template: jinja2.Template, variables: dict[str, Any]) -> str:
    """The rendered text.

    Raises:
        SecurityError: the template exceeds a limit.
    """
    token = _work_left.set([MAX_WORK])
    try:
        return template.render(variables)
    finally:
        _work_left.reset(token)


def _spend(work: int) -> None:
    left = _work_left.get()
    left[0] -= work
    if left[0] < 0:
        raise SecurityError("it does too much work: loops within loops, or a text that grows without end")


def _count_items(values: Iterable[Any], work: int) -> Iterable[Any]:
    """The values of a loop, each of which costs `work`. A sequence is counted at once and stays one, because `loop` asks for its length."""
    if isinstance(values, Sequence):
        _spend(work * len(values))
        return values
    return _count_each(values, work)


def _count_each(values: Iterable[Any], work: int) -> Iterator[Any]:
    for value in values:
        _spend(work)
        yield value


def _count_text(value: Any) -> Any:
    if isinstance(value, str | list | tuple):
        _spend(len(value))
    elif isinstance(value, int) and value.bit_length() > 256:
        raise SecurityError("a number is too large")
    return value


def _count_concatenations(node: nodes.Node) -> None:
    """Wrap every `a ~ b`, so that its result is counted."""
    for field, value in list(node.iter_fields()):
        if isinstance(value, list):
            setattr(node, field, [_wrap(item) if isinstance(item, nodes.Node) else item for item in value])
        elif isinstance(value, nodes.Node):
            setattr(node, field, _wrap(value))


def _wrap(node: nodes.Node) -> nodes.Node:
    _count_concatenations(node)
    return nodes.Filter(node, "-text", [], [], None, None, lineno=node.lineno) if isinstance(node, nodes.Concat) else node


def _short_range(*arguments: int) -> range:
    values = range(*arguments)
    if len(values) > MAX_NUMBER:
        raise SecurityError(f"a range may have at most {MAX_NUMBER:,} items")
    return values


def _check_arguments(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, int | float) and abs(value) > MAX_NUMBER:
            raise SecurityError(f"a number given to a filter or a method may be at most {MAX_NUMBER:,}")


def _check_growth(method: str, text: str, arguments: Sequence[Any]) -> None:
    """Count beforehand what a method may build: a replacement, for example, can be as long as the product of both texts."""
    if method == "replace" and len(arguments) > 1:
        _spend((len(text) + 1) * max(1, len(str(arguments[1]))))
    elif method == "join" and arguments:
        _spend(len(text) * _length(arguments[0]))
    elif method == "expandtabs":
        _spend(text.count("\t") * int(next(iter(arguments), 8)))


def _limit_filter(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with its arguments checked and its result counted. It keeps the marks by which Jinja passes it its context."""

    def limited(*arguments: Any, **named: Any) -> Any:
        is_passed_context = hasattr(filter_, "jinja_pass_arg")
        value, *others = arguments[1:] if is_passed_context else arguments
        _check_arguments([*others, *named.values()])
        if name == "format":
            raise SecurityError("a prompt cannot use 'format'")
        if name == "replace":
            _check_growth(name, str(value), [*others, *named.values()])
        if name in ("indent", "join"):
            parts = str(value).count("\n") + 1 if name == "indent" else _length(value)
            gap = next(iter((*others, *named.values())), 4 if name == "indent" else "")
            _spend(parts * (len(gap) if isinstance(gap, str) else int(gap) if isinstance(gap, int) else 1))
        return _count_text(filter_(*arguments, **named))

    limited.__dict__.update(getattr(filter_, "__dict__", {}))
    return limited


def _length(value: Any) -> int:
    try:
        return len(value)
    except TypeError:
        return 0
