"""Files in the shape of lm-evaluation-harness 0.4.13 (`--log_samples`), which `lm_eval/loggers/evaluation_tracker.py` writes
(EleutherAI/lm-evaluation-harness at 4e7e0d4). The content is our own."""

import hashlib
import json

DATE = "2026-03-01T09-30-00.123456"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def sample(number, right, *, filter="none", metric="exact_match", output=None, question=None, **changed):
    question = question or f"What is {number} plus {number}?"
    output = output if output is not None else str(2 * number if right else 7)
    return {
        "doc_id": number,
        "doc": {"question": question, "answer": str(2 * number)},
        "target": str(2 * number),
        "arguments": {"gen_args_0": {"arg_0": f"Q: {question}\nA:", "arg_1": {"until": ["\n"], "do_sample": False}}},
        "resps": [[f" {output} it is"]],
        "filtered_resps": [output],
        "filter": filter,
        "metrics": [metric],
        "doc_hash": digest(question),
        "prompt_hash": digest(f"Q: {question}"),
        "target_hash": digest(str(2 * number)),
        metric: 1.0 if right else 0.0,
    } | changed


def choice(number, right, **changed):
    """A sample of a task with choices by likelihood."""
    likelihoods = [["-1.5", "True"], ["-4.0", "False"]] if right else [["-4.0", "False"], ["-1.5", "True"]]
    requests = {f"gen_args_{i}": {"arg_0": f"Is {number} a number? ", "arg_1": f" {text}"} for i, text in enumerate(("yes", "no"))}
    return sample(number, right, metric="acc") | {
        "target": "0", "arguments": requests, "resps": [[each] for each in likelihoods], "filtered_resps": likelihoods,
    } | changed  # fmt: skip


def results(tasks, *, model="org/small-model", version=3.0, **changed):
    """A results file; `tasks` has the samples of each task."""
    metrics = {name: dict.fromkeys((s["metrics"][0], s["filter"]) for s in samples) for name, samples in tasks.items()}

    def mean(samples, metric, filter):
        values = [s[metric] for s in samples if s["filter"] == filter]
        return sum(values) / len(values)

    return {
        "results": {
            name: {"alias": name}
            | {f"{metric},{filter}": mean(samples, metric, filter) for metric, filter in metrics[name]}
            | {f"{metric}_stderr,{filter}": 0.01 for metric, filter in metrics[name]}
            for name, samples in tasks.items()
        },
        "group_subtasks": {name: [] for name in tasks},
        "configs": {name: {"task": name, "output_type": "generate_until", "num_fewshot": 0} for name in tasks},
        "versions": dict.fromkeys(tasks, version),
        "n-shot": dict.fromkeys(tasks, 0),
        "higher_is_better": {name: {metric: True for metric, _ in metrics[name]} for name in tasks},
        "n-samples": {name: {"original": 1319, "effective": len({s["doc_id"] for s in samples})} for name, samples in tasks.items()},
        "config": {"model": "hf", "model_args": f"pretrained={model},dtype=bfloat16", "batch_size": 8},
        "task_hashes": {
            name: digest("".join(s["doc_hash"] + s["prompt_hash"] + s["target_hash"] for s in samples)) for name, samples in tasks.items()
        },
        "model_name": model,
        "lm_eval_version": "0.4.13",
        "total_evaluation_time_seconds": "12.5",
    } | changed  # fmt: skip


def write_evaluation(folder, tasks, *, with_samples=True, date=DATE, **changed):
    """The files of one evaluation, as `--output_path` gets them."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"results_{date}.json"
    file.write_text(json.dumps(results(tasks, **changed), indent=2, ensure_ascii=False), encoding="utf-8")
    for name, samples in tasks.items() if with_samples else ():
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in samples)
        (folder / f"samples_{name}_{date}.jsonl").write_text(lines, encoding="utf-8")
    return file


def sums(rights, **changed):
    """Samples of 40 sums, of which those at these places are right."""
    return [sample(number, number in rights, **changed) for number in range(40)]
