"""Starting runs: strategies are trained and scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from harness.api.arguments import Dtype, PathLike, RunLike, Search, StrategyLike, TaskLike, as_declared, as_texts
from harness.api.loaded_run import Run
from harness.api.requested_runs import run_request

if TYPE_CHECKING:
    from harness.grid import Listener


def run(
    task: TaskLike | Sequence[TaskLike],
    strategies: StrategyLike | Sequence[StrategyLike],
    *,
    model: PathLike | Sequence[PathLike] = "tiny",
    revision: str | None = None,
    data: PathLike | Sequence[PathLike] | None = None,
    train: PathLike | Sequence[PathLike] | None = None,
    validation: PathLike | Sequence[PathLike] | None = None,
    test: PathLike | Sequence[PathLike] | None = None,
    hub: str | None = None,
    hub_revision: str | None = None,
    subset: str | None = None,
    fields: Mapping[str, str] | None = None,
    labels: Sequence[str] = (),
    fold_references_by: str | None = None,
    keep: Sequence[str] = (),
    harvested: PathLike | Sequence[PathLike] | None = None,
    skip_bad_rows: bool = False,
    limit: int | None = None,
    train_sizes: Sequence[int | Literal["all"]] = (),
    seeds: int = 1,
    epochs: float | None = None,
    base: bool = True,
    support: str | None = None,
    dtype: Dtype = "auto",
    price: float | None = None,
    search: Search = None,
    race: float | None = None,
    canaries: int | None = None,
    volume: int | None = None,
    trust_remote_code: bool = False,
    exclude: Sequence[Mapping[str, Any]] = (),
    override: Sequence[Mapping[str, Any]] = (),
    plugins: PathLike | Sequence[PathLike] = (),
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    strategies_dirs: PathLike | Sequence[PathLike] = (),
    runs_dir: PathLike = "runs",
    new: bool = False,
    reuse: bool = True,
    resume: RunLike | None = None,
    jobs: int | None = None,
    executor: Literal["local", "ray"] = "local",
    ray_address: str = "auto",
    serving_seconds: float | None = None,
    devices_per_cell: int = 1,
    together: bool = False,
    serve_with: str | None = None,
    serve_model: str | None = None,
    serve_key_env: str | None = None,
    serve_concurrency: int = 8,
    send_to: str | Sequence[str] = (),
    max_cost: float | None = None,
    track: Sequence[str] = (),
    forecasts: bool = True,
    listener: Listener | None = None,
    command: str = "harness.run",
) -> Run:
    """Fine-tune, score and price every strategy on every task.

    If the run is interrupted, the same call resumes it.

    Args:
        task: a name, a YAML file, a `Task`, or several of these.
        strategies: names, YAML files, variants such as "lora:r=8", "outputs:FILE", or `Strategy` objects; one or several.
        model: "tiny", a folder, a .gguf file, "org/name" on the Hub, or several of these.
        revision: branch, tag or commit of a Hub model.
        data: one or several files, which are split 80/10/10. They replace the data of the task.
        train, validation, test: files instead of `data`, if your data is split already; `validation` is optional.
        hub, hub_revision: a dataset of the Hub instead of files, and its revision.
        subset: the configuration, where a dataset of the Hub, a folder or Croissant metadata has several.
        fields: columns by role: "input", "target", "group", "id", or any variable of the prompt.
        labels: the labels to choose from.
        fold_references_by: a column; rows of the test data that agree in it become one example with several references.
        keep: further columns to store with the test examples, to slice results by; all others are left out of the run.
        harvested: files of `review_harvest`: added to training, removed from testing.
        skip_bad_rows: skip rows that cannot be used, instead of refusing the file.
        limit: use a random sample of at most this many examples per split, stratified by label.
        train_sizes: numbers of training examples for a learning curve; "all" is all of them.
        seeds: number of training seeds for each strategy that trains or draws examples.
        epochs: passes over the training examples, for every strategy.
        base: include the untuned model.
        support: also score how far texts are supported by their inputs: "base" for the base model, or the name of another model.
        dtype: number format to compute in; "auto" suits the device.
        price: price of one hour of this device, in USD; by default from the included price table.
        search: first search values of each strategy on validation examples: True for 5 trials of the learning rate, a number of trials,
            "2h", "10usd", or the fields of `search` in a grid file.
        race: drop strategies early that cannot win; the highest accepted chance to drop the best one, such as 0.05.
        canaries: how many made-up secrets the leak test plants for each number of repeats; by default those that the task declares.
        volume: outputs per month, for the costs in the report; by default those that the task declares.
        trust_remote_code: allow Python code that comes with a model or a metric.
        exclude: cells to leave out, such as `{"task": "qa", "strategy": "lora"}`.
        override: other values for some cells, such as `{"strategy": "lora", "set": {"epochs": 1}}`.
        plugins: Python files that add metrics. Naming one is the consent to run it.
        tasks_dirs, strategies_dirs: folders with more tasks and strategies.
        runs_dir: the folder of the runs.
        new: start a new run, even if there is an interrupted run of the same plan.
        reuse: take cells from other runs in which they are done.
        resume: the run to resume; it must have the same plan.
        jobs: number of cells to run at the same time; by default one for each GPU, and one on a CPU.
        executor: where cells run: "local" for processes of this machine, "ray" for the nodes of a Ray cluster.
        ray_address: HOST:PORT of the cluster's head; "auto" for the cluster that this machine is part of.
        serving_seconds: how long the speed of each model may be measured after the run; by default a hundredth of the time that its cell
            took, but 1.5 to 60 seconds. 0 measures nothing, nor does a run on Ray.
        devices_per_cell: number of GPUs that train a cell together, each with a part of the model or of every batch; on a CPU, number of
            processes. It changes speed and memory, and the result only by rounding. The cell is charged for all of them.
        together: train the LoRA cells of one base model (seeds, ranks, learning rates) in one process, which computes the base once for
            all: faster where batches are short. It changes the result only by rounding, and the costs are divided by tokens.
        serve_with: also let a running OpenAI-compatible server answer the test examples, which has the exported model of a strategy:
            its URL, or "STRATEGY=URL" where the run has several strategies.
        serve_model: the name of the model on that server; by default the only one there.
        serve_key_env: the environment variable that holds the key of that server; by default, no key is sent.
        serve_concurrency: the number of requests at a time.
        send_to: the hosts that prompts may be sent to. Each host of a strategy with method `api` must be named.
        max_cost: the most that all answers of hosted models may cost in this run, in USD. What was answered until then is kept, and the
            strategy has no result; the same call with a higher limit continues.
        track: experiment trackers that follow the run: "mlflow", "wandb", "tensorboard". They get parameters, losses, scores, costs,
            adapters and the report without texts. One that fails is left out, with a warning.
        forecasts: forecast what each cell takes, for the report, and add what it took to the ledger of forecasts.
        listener: receives progress; without one, nothing is shown.
        command: how the run was started, for the report.

    Raises:
        BenchError: something about the request is wrong, and nothing was started.
    """
    from harness.grid import make_request

    request = make_request(
        {
            "tasks": as_declared(task),
            "strategies": as_declared(strategies),
            "models": as_texts(model),
            "revision": revision,
            "data": as_texts(data),
            "train": as_texts(train),
            "validation": as_texts(validation),
            "test": as_texts(test),
            "hub": hub,
            "hub_revision": hub_revision,
            "subset": subset,
            "fields": dict(fields or {}),
            "labels": labels,
            "fold_references_by": fold_references_by,
            "keep": as_texts(keep),
            "harvested": as_texts(harvested),
            "skip_bad_rows": skip_bad_rows,
            "limit": limit,
            "train_sizes": train_sizes,
            "seeds": seeds,
            "epochs": epochs,
            "base": base,
            "support": support,
            "dtype": dtype,
            "price": price,
            "search": search,
            "race": race,
            "canaries": canaries,
            "volume": volume,
            "trust_remote_code": trust_remote_code,
            "exclude": exclude,
            "override": override,
            "plugins": as_texts(plugins),
            "tasks_dirs": as_texts(tasks_dirs),
            "strategies_dirs": as_texts(strategies_dirs),
        }
    )
    return run_request(
        request,
        runs_dir=runs_dir,
        listener=listener,
        new=new,
        reuse=reuse,
        resume=resume,
        jobs=jobs,
        executor=executor,
        ray_address=ray_address,
        serving_seconds=serving_seconds,
        devices_per_cell=devices_per_cell,
        together=together,
        serve_with=serve_with,
        serve_model=serve_model,
        serve_key_env=serve_key_env,
        serve_concurrency=serve_concurrency,
        send_to=send_to,
        max_cost=max_cost,
        track=track,
        forecasts=forecasts,
        command=command,
    )
