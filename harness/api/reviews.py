"""Reviews by people: export packets, import ratings, see what they show, and harvest training examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.api.arguments import PathLike, RunLike, as_texts
from harness.api.catalogs import open_catalog
from harness.api.loaded_run import load_results
from harness.errors import BenchError, did_you_mean, setting
from harness.gate import LEVEL
from harness.reporting import rewrite_page
from harness.results import RunResults, TaskResults
from harness.review import (
    FORMATS,
    MODES,
    MORE_THAN,
    OUTPUT_NOUNS,
    AdjudicationRequest,
    CheckItem,
    ExportedPacket,
    Findings,
    Format,
    Harvest,
    ImportSummary,
    PacketRequest,
    RatingPlan,
    collect_harvest,
    compute_findings,
    exclude_rater,
    export_adjudication,
    export_packet,
    find_rated_cell,
    get_harvest_paths,
    import_files,
    list_questions_of,
    load_reviews,
    parse_raters,
    plan_ratings,
    read_gold_file,
    write_harvest,
)
from harness.text import plural

ADJUDICATOR = "adjudicator"


def review_plan(
    run: RunLike,
    strategies: str | Sequence[str] = (),
    *,
    task: str | None = None,
    mode: str = "pairwise",
    effect: float | None = None,
    model: str | None = None,
    train_size: int | None = None,
    runs_dir: PathLike = "runs",
) -> RatingPlan:
    """How many examples to rate, with and without the help of automatic scores, and which. Nothing is written.

    Args:
        run: folder or name of the run, or "latest".
        strategies: as for `review_export`; two for "pairwise" and "scales", of which the second is compared with the first.
        task: needed if the run has several.
        mode: as for `review_export`.
        effect: the result to show: a win rate such as 0.65, a change of the mean rating such as 0.5, or a limit on critical errors such as
            0.05. By default typical ones, or the limits of the task.
        model: needed if the run has several base models.
        train_size: needed if the run has several.

    Raises:
        BenchError: the run, task or strategy does not exist, or an effect that does not fit the mode.
    """
    stored, name = _open_task(run, runs_dir, task)
    _check_mode(mode)
    results = stored.by_task[name]
    chosen = as_texts(strategies) or choose_strategies(results, 1 if mode == "errors" else 2)
    if not strategies and "base" in chosen:
        chosen = ("base", *(each for each in chosen if each != "base"))
    cells = {each: find_rated_cell(stored, each, task=name, model=model, train_size=train_size) for each in chosen}
    known_mode = next(m for m in MODES if m == mode)
    level = LEVEL / max(1, len(results.scored))  # of a limit on critical errors: a strategy is chosen among those with a result
    return plan_ratings(results, load_reviews(stored, name), cells, known_mode, effect=effect, alpha=level)


def _open_task(run: RunLike, runs_dir: PathLike, task: str | None) -> tuple[RunResults, str]:
    """The run, and the name of the task; of several, it must be given."""
    stored = load_results(run, runs_dir, task=task)
    if task is None and len(stored.plan.tasks) > 1:
        raise BenchError(f"{stored.path}: has several tasks: {', '.join(stored.plan.tasks)}. Choose one with {setting('task', 'TASK')}.")
    return stored, task or next(iter(stored.plan.tasks))


def _check_mode(mode: str) -> None:
    if mode not in MODES:
        raise BenchError(f"{setting('mode', mode)}: unknown.{did_you_mean(mode, MODES)}")


def review_export(
    run: RunLike,
    strategies: str | Sequence[str] = (),
    *,
    task: str | None = None,
    n: int = 50,
    mode: str = "pairwise",
    raters: str | int = 1,
    questions: PathLike | None = None,
    formats: Sequence[str] = ("html",),
    out: PathLike | None = None,
    runs_dir: PathLike = "runs",
    overlap: int | None = None,
    sample: str = "random",
    repeats: int | None = None,
    against: str | None = None,
    pairs_per_example: int | None = None,
    with_reference: bool = False,
    gold: PathLike | None = None,
    attention: int = 0,
    seed: int = 0,
    model: str | None = None,
    train_size: int | None = None,
    anonymize: bool = False,
) -> ExportedPacket:
    """Write a blind packet for each rater.

    Args:
        run: folder or name of the run, or "latest".
        strategies: whose outputs are rated; at least two for "pairwise". By default, the one that the decision names, or the best; with
            "pairwise" also the untuned model, or the next best.
        task: needed if the run has several.
        n: test examples to rate.
        mode: "pairwise" (which of two outputs is better), "scales" (rate each output on scales) or "errors" (find errors in each output).
        raters: how many, or their names separated by commas.
        questions: a task's YAML file whose `review` section replaces that of the run's task.
        formats: any of "html", "xlsx", "csv", "label-studio" and "argilla".
        out: folder of the raters' files; by default in the run's folder.
        overlap: raters per example; None for all raters.
        sample: "random"; "disagreement", "low-score" or "slice:COLUMN=VALUE", which sample such examples more often and weight them; or
            "hardest", the lowest scores.
        repeats: items per rater that are repeated with sides swapped; None for 10%, at most 20.
        against: with "pairwise", only pairs with this strategy.
        pairs_per_example: with "pairwise" and three strategies or more, how many pairs of each example are rated, all pairs equally often;
            None for all.
        with_reference: whether raters also see the references.
        gold: a file of items with right answers, in the columns of a packet's spreadsheet; every rater gets them, unmarked.
        attention: so many items per rater that are made from references, to see whether a rater reads.
        seed: of the sample, the sides and the orders.
        model: needed if the run has several base models.
        train_size: needed if the run has several.
        anonymize: show raters surrogates instead of the identifiers of people that patterns find.

    Raises:
        BenchError: the run, task or strategy does not exist, or the sample cannot be drawn. Nothing is written then.
    """
    stored, name = _open_task(run, runs_dir, task)
    _check_mode(mode)
    chosen = _check_formats(formats)
    request = PacketRequest(
        task=name,
        strategies=as_texts(strategies) or choose_strategies(stored.by_task[name], 2 if mode == "pairwise" else 1),
        n=n,
        mode=next(m for m in MODES if m == mode),
        raters=parse_raters(str(raters)),
        questions=open_catalog().task(str(questions)).value.review if questions is not None else None,
        sample=sample,
        overlap=overlap,
        repeats=repeats,
        against=against,
        pairs_per_example=pairs_per_example,
        with_reference=with_reference,
        seed=seed,
        model=model,
        train_size=train_size,
        attention=attention,
    )
    if gold is not None:
        request = replace(request, gold=_read_gold(stored, request, Path(gold)))
    return export_packet(stored, request, chosen, Path(out) if out is not None else None, anonymize=anonymize)


def review_adjudicate(
    run: RunLike,
    *,
    task: str | None = None,
    packet: str | None = None,
    raters: str = ADJUDICATOR,
    more_than: int = MORE_THAN,
    show_ratings: bool = False,
    formats: Sequence[str] = ("html",),
    out: PathLike | None = None,
    seed: int = 0,
    anonymize: bool = False,
    runs_dir: PathLike = "runs",
) -> ExportedPacket:
    """Write a packet of the items on which raters disagree, for someone who was not one of them. Import it with `review_import`.

    Results rest on the adjudication once every disagreement is settled.

    Args:
        run: folder or name of the run, or "latest".
        task: needed if the run has several.
        packet: the id of the packet whose raters disagree; needed if there are several.
        raters: the name of the person who settles disagreements, or several names separated by commas, who share the items.
        more_than: answers on a scale that differ by more than so many steps disagree.
        show_ratings: show what the raters answered, without their names.
        formats: as for `review_export`.
        out: folder of the file; by default in the run's folder.
        seed: of the sides and the order.
        anonymize: show surrogates instead of identifiers; always so for a packet that was exported so.

    Raises:
        BenchError: no disagreement, or an adjudicator who was one of the raters. Nothing is written then.
    """
    stored, name = _open_task(run, runs_dir, task)
    request = AdjudicationRequest(name, parse_raters(raters), packet, more_than, show_ratings, seed)
    return export_adjudication(stored, request, _check_formats(formats), Path(out) if out is not None else None, anonymize=anonymize)


def _read_gold(stored: RunResults, request: PacketRequest, file: Path) -> tuple[CheckItem, ...]:
    results = stored.by_task[request.task]
    questions = list_questions_of(request.mode, request.questions or results.task.review, OUTPUT_NOUNS[results.task.kind])
    inputs = list(results.examples[0].inputs) if results.examples else []
    outputs = 2 if request.mode == "pairwise" else 1
    return read_gold_file(file, questions, inputs, outputs=outputs, with_reference=request.with_reference)


def _check_formats(formats: Sequence[str]) -> list[Format]:
    for value in formats:
        if value not in FORMATS:
            raise BenchError(f"{setting('formats', value)}: unknown.{did_you_mean(value, FORMATS)}")
    return [f for f in FORMATS if f in formats]


def review_exclude(
    run: RunLike, rater: str, *, reason: str, packet: str | None = None, undo: bool = False, runs_dir: PathLike = "runs"
) -> list[str]:
    """Exclude the ratings of a rater from all results, or include them again. The report names the rater, the reason, and the results
    with every rater.

    Args:
        reason: why, in a sentence; not needed with `undo`.
        packet: the id of a packet; None for every packet that this rater has rated.
        undo: include the ratings again.

    Raises:
        BenchError: no such rater or packet, or no reason.

    Returns:
        The ids of the packets that have changed.
    """
    stored = load_results(run, runs_dir)
    changed = exclude_rater(stored, rater, reason=reason, packet=packet, undo=undo)
    rewrite_page(RunResults(stored.folder))
    return changed


def choose_strategies(task: TaskResults, count: int) -> tuple[str, ...]:
    """The strategy that the decision names, then the untuned model, then the others, the best first: so many of them."""
    from harness.decision import decide_task

    if not task.scored:
        raise BenchError(f"{task.run.path}: no strategy has a result on '{task.task.name}', so there is nothing to rate.")
    first = decide_task(task).strategy or task.scored[0].label
    order = sorted(task.scored, key=lambda result: (result.label != first, not result.is_base))
    return tuple(dict.fromkeys(result.strategy for result in order))[:count]


def review_import(run: RunLike, files: Sequence[PathLike], *, runs_dir: PathLike = "runs") -> list[ImportSummary]:
    """Record the ratings of returned files. Rejected rows, with reasons, are in the summary of each file.

    Raises:
        BenchError: the run does not exist, or has no packet.
    """
    stored = load_results(run, runs_dir)
    summaries = import_files(stored, [Path(file) for file in files])
    if any(summary.new or summary.replaced for summary in summaries):
        rewrite_page(RunResults(stored.folder))
    return summaries


def review_status(run: RunLike, *, runs_dir: PathLike = "runs") -> list[Findings]:
    """What the ratings of each packet of a run show, oldest packet first.

    Raises:
        BenchError: the run does not exist, or a packet is damaged.
    """
    stored = load_results(run, runs_dir)
    return [compute_findings(stored.by_task[review.packet.task], review) for review in load_reviews(stored)]


def review_harvest(
    run: RunLike,
    out: PathLike,
    *,
    task: str | None = None,
    retire_test_examples: bool = False,
    force: bool = False,
    runs_dir: PathLike = "runs",
) -> tuple[Harvest, list[Path]]:
    """Write corrections and preferences as training examples, and record their test examples as retired.

    Args:
        out: a .jsonl file for the corrections; preferences go into a second file beside it.
        task: needed if several were reviewed.
        retire_test_examples: must be True, as consent: the examples come from the test set, and a model trained on them cannot be tested on
            them. Otherwise nothing is written.
        force: replace existing files.

    Raises:
        BenchError: nothing to harvest, no consent, or an existing file.
    """
    stored, target = load_results(run, runs_dir, task=task), Path(out)
    harvest = collect_harvest(stored, task)
    if not retire_test_examples:
        content = f"{plural(len(harvest.corrections), 'correction')} and {plural(len(harvest.preferences), 'preference')}"
        raise BenchError(
            f"{stored.path}: {content} can be harvested, all from the test set. A model that is trained on them can no longer be tested on "
            f"these examples. Set {setting('retire_test_examples')} to remove them from the test set."
        )
    option = setting("out", str(target))
    if target.suffix != ".jsonl":
        raise BenchError(f"{option}: must end in .jsonl.")
    if not target.parent.is_dir():
        raise BenchError(f"{option}: there is no folder {target.parent}.")
    existing = [path for path in get_harvest_paths(target) if path.exists()]
    folders = [path for path in existing if path.is_dir()]
    if folders:
        raise BenchError(f"{option}: {folders[0]} is a folder. Name a file.")
    if existing and not force:
        raise BenchError(f"{existing[0]}: already exists. Name another file, or set {setting('force')} to replace it.")
    return harvest, write_harvest(stored, harvest, target)
