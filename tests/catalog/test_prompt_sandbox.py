"""Prompts that would run for days, or fill the memory, are refused within a second; ordinary ones are not affected."""

from __future__ import annotations

import time

import pytest

from harness.catalog import prompt_variables, render_prompt
from harness.errors import BenchError

INPUTS = {"text": "lorem \t\n" * 20_000}
NESTED = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}"
GROWING = "{% set ns = namespace(x=text) %}{% for i in range(60) %}{% set ns.x = ns.x OP ns.x %}{% endfor %}{{ ns.x }}"


@pytest.mark.parametrize(
    "template",
    [
        NESTED,
        GROWING.replace("OP", "~"),
        GROWING.replace("OP", "+"),
        "{% for a in text %}{% for b in text %}{{ a }}{% endfor %}{% endfor %}",
        "{% for a in text|list %}{{ text }}{% endfor %}",
        "{{ 9**(9**8) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ text.replace('', text) }}",
        "{{ text|replace('', text) }}",
        "{{ text|list|join(text) }}",
        "{{ text.join(text|list) }}",
        "{{ text|indent(9999) }}",
        "{{ text.expandtabs(9999) }}",
        "{{ lipsum(n=1000000) }}",
        "{{ range(99999)|list }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in [[1], [2]] recursive %}{{ loop(a) }}{% endfor %}",
    ],
)
def test_template_that_works_too_much_is_refused(template: str) -> None:
    start = time.process_time()
    with pytest.raises(BenchError, match=r"the prompt cannot be rendered: .+ Its inputs: text\."):
        render_prompt(template, INPUTS)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("template", ["{{ 9**9 }}", "{% macro m() %}{% endmacro %}", "{% include 'x' %}", "{% block x %}{% endblock %}"])
def test_refused_construct_is_reported_when_the_file_is_read(template: str) -> None:
    with pytest.raises(ValueError, match="line 2 of the prompt is not valid Jinja: a prompt cannot use"):
        prompt_variables("a\n" + template)


def test_ordinary_templates_render_as_jinja_does() -> None:
    template = (
        "{% for c in choices %}{{ loop.index }}/{{ loop.length }} {{ c|upper }}{% if not loop.last %}, {% endif %}{% endfor %}"
        "{{ ' ' ~ 3 ~ 'x' }} {{ 2 * 3 + 1 }} {{ choices|map('title')|join('; ') }} {{ text[:5]|trim }} {{ text.split()|length }}"
    )
    assert render_prompt(template, INPUTS, ("yes", "no")) == "1/2 YES, 2/2 NO 3x 7 Yes; No lorem 20000"
    assert len(render_prompt("{{ text }}{{ text|upper }}{{ text|replace('lorem', 'ipsum') }}", INPUTS)) == 3 * len(INPUTS["text"])
