"""Prompts: what the YAML shows is what the model reads, and a template reaches nothing but its inputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.catalog import prompt_variables, render_prompt
from harness.errors import BenchError, setting

INPUTS = {"input": "the text", "context": "more"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ input.__init__.__globals__ }}",
        "{{ input|attr('__class__') }}",
        "{{ '{0.__class__}'.format(input) }}",
        "{{ cycler.__init__.__globals__.os.system('id') }}",
        "{{ lipsum.__globals__ }}",
        "{{ choices.append('x') }}",
        "{% for i in range(10**9) %}a{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{{ 1 / 0 }}",
        "{{ choices[7] }}",
    ],
)
def test_forbidden_access_is_a_clear_error(template: str) -> None:
    with pytest.raises(BenchError, match=r"the prompt cannot be rendered: .+ Its inputs: context, input\."):
        render_prompt(template, INPUTS, ("a", "b"))


def test_undefined_variable_is_named() -> None:
    with pytest.raises(BenchError, match=r"'inputt' is undefined. Its inputs: context, input."):
        render_prompt("{{ inputt }}", INPUTS)


def test_text_is_rendered_unchanged() -> None:
    assert render_prompt("A\n\n{{ input }}\n\nB:\n", {"input": " <b>&\n{{ x }}\r\n "}) == "A\n\n <b>&\n{{ x }}\r\n \n\nB:\n"
    assert render_prompt("no newline", INPUTS) == "no newline"
    assert render_prompt("{{ choices|join(', ') }}\n", INPUTS, ("b", "a")) == "b, a\n"


def test_inputs_are_data_and_never_templates() -> None:
    assert render_prompt("{{ input }}", {"input": "{{ 7 * 7 }}{% raw %}"}) == "{{ 7 * 7 }}{% raw %}"


def test_required_variables_of_a_template() -> None:
    template = "{% for c in choices %}{{ c }}{% endfor %}{% if context %}{{ context }}{% endif %}{% set x = 1 %}{{ x }}{{ input }}"
    assert prompt_variables(template) == {"choices", "context", "input"}


@pytest.mark.parametrize(
    "template",
    [
        "{% if context is defined %}{{ context }}{% endif %}{{ input }}",
        "{% if context is not defined %}no context{% else %}{{ context }}{% endif %}{{ input }}",
        "{{ context if context is defined else '' }}{{ input }}",
        "{% if choices and context is defined %}{% for c in choices %}{{ c }}{{ context }}{% endfor %}{% endif %}{{ input }}",
        "{% if context is undefined %}{% else %}{{ context }}{% endif %}{{ input }}",
        "{{ context|default('') }}{{ input }}",
        "{{ context|d('')|upper }}{{ input }}",
    ],
)
def test_optional_variables_are_not_required(template: str) -> None:
    assert prompt_variables(template) - {"choices"} == {"input"}
    assert prompt_variables(template, optional=True) - {"choices"} == {"context", "input"}
    assert "x" in render_prompt(template, {"input": "x"}, ("a",))
    assert "MORE" in render_prompt(template, {"input": "x", "context": "MORE"}, ("a",))


def test_variable_that_is_only_tested_for_emptiness_is_required() -> None:
    """`{% if context %}` fails where there is no context at all: the user is told before a run, and how it is spelled."""
    assert prompt_variables("{% if context %}{{ context }}{% endif %}") == {"context"}
    assert prompt_variables("{% if other is defined %}{{ context }}{% endif %}") == {"context"}


@pytest.mark.parametrize(
    ("prompt", "hint"),
    [
        ('"a\\n{{ input "', "line 2 of the prompt is not valid Jinja"),
        ("'{% if input %}'", "line 1 of the prompt is not valid Jinja"),
        ("'{{ input|rogue }}'", "No filter named 'rogue'"),
    ],
)
def test_broken_template_is_reported_when_the_file_is_read(problems: Callable[..., tuple[str, ...]], prompt: str, hint: str) -> None:
    task = f"name: mine\nkind: summarization\ndata: {{source: clinic}}\nprompt: {prompt}\n"
    strategy = f"name: mine\nmethod: prompt\nprompt: {prompt}\n"
    for text, line in ((task, 4), (strategy, 3)):
        (found,) = problems(text)
        assert found.startswith(f"mine.yaml:{line}: prompt: ")
        assert hint in found


@pytest.mark.parametrize("template", ["{{ choices|dictsort }}", "{{ input|urlize(target=3, rel=5) }}", "{{ cycler().next() }}"])
def test_failing_filter_is_a_clear_error(template: str) -> None:
    with pytest.raises(BenchError, match=r"the prompt cannot be rendered: .+[^.]\. Its inputs: context, input\.$"):
        render_prompt(template, INPUTS, ("a", "b"))


def test_deeply_nested_template_is_refused(problems: Callable[..., tuple[str, ...]]) -> None:
    nested = "{{ " + "(" * 3000 + "input" + ")" * 3000 + " }}"
    (found,) = problems(f"name: mine\nkind: summarization\ndata: {{source: clinic}}\nprompt: '{nested}'\n")
    assert found == "mine.yaml:4: prompt: the prompt is nested too deeply"


@pytest.mark.parametrize("prompt", ["''", '" \\n"'])
def test_empty_prompt_is_refused(problems: Callable[..., tuple[str, ...]], prompt: str) -> None:
    task = f"name: mine\nkind: summarization\ndata: {{source: clinic}}\nprompt: {prompt}\n"
    strategy = f"name: mine\nmethod: prompt\nprompt: {prompt}\n"
    for text, line in ((task, 4), (strategy, 3)):
        (found,) = problems(text)
        assert found.startswith(f"mine.yaml:{line}: prompt: is empty")


@pytest.mark.parametrize(("name", "better"), [("choices", "options"), ("self", "self_text"), ("my var", "my_var"), ("none", "none_text")])
def test_field_that_no_prompt_can_read_is_reported(problems: Callable[..., tuple[str, ...]], name: str, better: str) -> None:
    (found,) = problems(f"name: mine\nkind: qa\ndata:\n  path: a.csv\n  fields:\n    target: b\n    '{name}': c\n")
    assert found.startswith(f"mine.yaml:7: data.fields.{name}: an input cannot be called '{name}'")
    assert f"Give it another name: {setting('fields.' + better, 'c')}" in found
