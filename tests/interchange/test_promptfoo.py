"""Output of promptfoo as runs."""

import pytest
from promptfoo_files import output, write_output

from harness.errors import BenchError
from harness.interchange import assemble, read_results


def test_providers_are_systems_and_tests_are_examples(tmp_path):
    document = output({"org:small-model": range(20), "org:large-model": range(33)})
    (task,) = assemble(read_results([write_output(tmp_path, document)]), base="org-small-model")
    assert [(each.system, each.description) for each in task.results] == [
        ("base", "org:small-model, prompt: prompt 0: What is {{a}} plus {{a}}?"),
        ("org-large-model", "org:large-model, prompt: prompt 0: What is {{a}} plus {{a}}?"),
    ]
    assert [(each.name, each.direction, each.exact) for each in task.scores] == [
        ("promptfoo/pass", "higher", True),
        ("promptfoo/score", "higher", False),
        ("promptfoo/named/tone", "higher", False),
    ]
    base = task.results[0]
    assert base.examples[3].inputs == {"input": "a: 3"} and base.examples[3].targets == ("6",)
    answer = base.repeats[0][39]
    assert answer.output == "7" and answer.scores == {"promptfoo/pass": 0.0, "promptfoo/score": 0.5, "promptfoo/named/tone": 0.75}
    assert base.repeats[0][38].scores["promptfoo/named/tone"] is None  # this test has no assertion with that metric
    assert base.costs[0].price == pytest.approx(0.02) and base.costs[0].seconds == pytest.approx(8.0)


def test_prompts_are_systems_of_their_own(tmp_path):
    (task,) = assemble(read_results([write_output(tmp_path, output({"org:small-model": range(20)}, prompts=2))]))
    assert [each.system for each in task.results] == ["org-small-model-prompt1", "org-small-model-prompt2"]


def test_repeated_tests_are_no_independent_examples(tmp_path):
    document = output({"org:small-model": range(20)})
    tests = document["results"]["results"]
    twice = [each | {"testIdx": 2 * each["testIdx"] + k} for each in tests for k in range(2)]  # as promptfoo numbers them with --repeat 2
    document["results"]["results"] = twice
    (task,) = assemble(read_results([write_output(tmp_path, document)]))
    groups = {example.id: example.group for example in task.results[0].examples}
    assert (len(groups), groups["6"], groups["7"]) == (80, "6", "6")


def test_files_without_numbers_have_the_tests_in_order(tmp_path):
    document = output({"org:small-model": range(20), "org:large-model": range(33)}, prompts=2)
    numbered = read_results([write_output(tmp_path, document)])
    for each in document["results"]["results"]:
        del each["testIdx"], each["promptIdx"]
    assert [(r.system, r.examples, r.repeats) for r in read_results([write_output(tmp_path, document)])] == [
        (r.system, r.examples, r.repeats) for r in numbered
    ]


def test_the_time_of_cached_answers_says_nothing(tmp_path):
    document = output({"org:small-model": range(20)})
    document["results"]["results"][5]["response"]["cached"] = True
    (result,) = read_results([write_output(tmp_path, document)])
    assert result.costs[0].seconds == 0.0 and result.costs[0].price == pytest.approx(0.02)


def test_tests_that_ended_with_an_error_count_as_not_passed(tmp_path):
    document = output({"org:small-model": range(20)})
    document["results"]["results"][39] |= {"failureReason": 2, "error": "timeout", "response": None, "score": 0}
    (result,) = read_results([write_output(tmp_path, document)])
    assert result.repeats[0][39].scores["promptfoo/pass"] == 0.0 and "1 tests ended with an error" in result.warnings[0]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda tests: tests.append(tests[0]), "the test 0 occurs twice"),
        (lambda tests: tests[0].update(success="yes"), "results.results[0].success: must be true or false"),
        (lambda tests: tests[0].pop("provider"), "results.results[0]: the field 'provider' is missing"),
        (lambda tests: tests.clear(), "has no results of tests"),
        (lambda tests: tests[0].update(namedScores={"x" * 90: 1}), "has more than 80 characters"),
    ],
)
def test_damaged_output_is_one_clear_error(tmp_path, damage, problem):
    document = output({"org:small-model": range(20)})
    damage(document["results"]["results"])
    with pytest.raises(BenchError) as caught:
        read_results([write_output(tmp_path, document)])
    assert problem in str(caught.value) and len(caught.value.problems) == 1
