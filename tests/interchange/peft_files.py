"""Files in the shape of PEFT's method comparison (`method_comparison/MetaMathQA/results/*.json` of huggingface/peft at 5d602fd).
The content is our own."""

import json


def experiment(name, right, *, n=211, seed=0, **changed):
    """The result of one experiment: so many of n answers were right."""
    return {
        "run_info": {
            "created_at": "2026-03-01T09:30:00+00:00",
            "total_time": 130.5,
            "experiment_name": name,
            "peft_branch": "main",
            "train_config": {"model_id": "org/small-model", "seed": seed, "max_steps": 500},
            "peft_config": {"peft_type": "LORA", "r": 32},
            "error_msg": "",
        },
        "train_info": {
            "accelerator_memory_reserved_avg": 1_000_000_000,
            "accelerator_memory_max": 2_000_000_000,
            "train_time": 100.25,
            "file_size": 36_000,
            "num_trainable_params": 9_000,
            "num_total_params": 3_000_000,
            "status": "success",
            "metrics": [{"step": 250, "valid accuracy": 0.5}, {"step": 500, "test accuracy": right / n, "train loss": 0.6}],
        },
        "meta_info": {
            "model_info": {"sha": "a" * 40},
            "dataset_info": {"sums": {"sha": "b" * 40}, "harder-sums": {"sha": "c" * 40}},
            "package_info": {"peft-version": "0.19.2"},
            "system_info": {"system": "Linux", "accelerator": "Test GPU 9000"},
        },
    } | changed  # fmt: skip


def write_experiments(folder, rights, **options):
    """A file for each experiment, by name with its right answers."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, right in rights.items():
        document = experiment(name, right, **options)
        (folder / f"{name.replace('/', '--')}.json").write_text(json.dumps(document), encoding="utf-8")
    return folder
