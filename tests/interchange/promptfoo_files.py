"""Output in the shape of promptfoo 0.121.20 (`promptfoo eval -o output.json`), checked against output that it wrote with its echo provider.
The content is our own."""

import json


def result_of_test(number, passed, *, provider="org:small-model", prompt=0, **changed):
    return {
        "cost": 0.0005,
        "gradingResult": {"pass": passed, "score": 1.0 if passed else 0.5, "reason": "…", "namedScores": {}},
        "latencyMs": 200,
        "namedScores": {"tone": 0.75} if number % 2 else {},
        "prompt": {"raw": f"What is {number} plus {number}?", "label": f"prompt {prompt}: What is {{{{a}}}} plus {{{{a}}}}?"},
        "promptIdx": prompt,
        "provider": {"id": provider, "label": ""},
        "response": {"output": str(2 * number) if passed else "7", "cached": False},
        "score": 1.0 if passed else 0.5,
        "success": passed,
        "testCase": {"vars": {"a": number}, "assert": [{"type": "equals", "value": str(2 * number)}]},
        "testIdx": number,
        "tokenUsage": {"prompt": 9, "completion": 2, "total": 11},
        "vars": {"a": number},
        "failureReason": 0 if passed else 1,
    } | changed


def output(rights_by_provider, *, prompts=1, **changed):
    """The output of 40 tests for each provider, of which those at these places pass."""
    results = [
        result_of_test(number, number in rights, provider=provider, prompt=prompt)
        for number in range(40)
        for provider, rights in rights_by_provider.items()
        for prompt in range(prompts)
    ]
    return {
        "evalId": "eval-abc-2026-03-01T09:30:00",
        "results": {"version": 3, "timestamp": "2026-03-01T09:30:00.000Z", "prompts": [], "results": results, "stats": {"successes": 1}},
        "config": {"description": "sums", "providers": list(rights_by_provider)},
        "metadata": {"promptfooVersion": "0.121.20"},
    } | changed


def write_output(folder, document):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "output.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file
