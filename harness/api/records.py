"""Decision records: one signed file on what was decided, on which data, by whom, and what followed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from harness.api.arguments import PathLike, RunLike
from harness.api.loaded_run import load_results
from harness.api.model_history import REGISTRY
from harness.bounded_file import read_bounded
from harness.errors import BenchError, setting
from harness.gate import Event, Registry
from harness.reporting import record_to_json
from harness.results import RunResults
from harness.store import Signer, check_signature, find_name_problem, hash_file, sign_document, user_key_file, verify_run, write_text

_MOST_BYTES = 2**26
_CARD_FILES = ("card.html", "croissant.json")
CheckResult = Literal["same", "changed", "not found"]


@dataclass(frozen=True)
class SignedRecord:
    """A record that was written.

    Attributes:
        signer: compare its fingerprint with the one that you expect.
    """

    path: Path
    signer: Signer


@dataclass(frozen=True)
class RecordCheck:
    """What the check of a record found.

    Attributes:
        signer: None if the record was changed after it was signed, or has no signature.
        is_expected: whether the signer is the one that the caller named; None if none was named.
        run: whether the run that the record names has the files that it had.
        card: likewise for the data card; None if the record has none.
    """

    signer: Signer | None
    is_expected: bool | None
    subject: str
    made: str
    run: CheckResult
    card: CheckResult | None

    @property
    def is_intact(self) -> bool:
        """Whether nothing that could be checked was changed."""
        return self.signer is not None and self.is_expected is not False and "changed" not in (self.run, self.card)


def write_record(
    subject: RunLike,
    out: PathLike,
    *,
    card: PathLike | None = None,
    key: PathLike | None = None,
    registry: PathLike = REGISTRY,
    force: bool = False,
    runs_dir: PathLike = "runs",
) -> SignedRecord:
    """Write the decision record of a run, or of the model in service for a task, and sign it.

    It holds digests, settings, scores with intervals, guardrails, verdicts, reviews and promotions, and where to find what the European AI
    Act asks for. It holds no example.

    Args:
        subject: a run, its folder, its name in `runs_dir`, "latest", or a task with a model in service.
        out: the file to write.
        card: the folder of the data card; its digests join the record.
        key: a private ed25519 key in PEM; a new file gets a new key. By default one of this user.
        registry: the folder of the promoted models; it need not exist for the record of a run.
        force: replace an existing file.

    Raises:
        BenchError: no such run or task, a run that is not finished, a damaged file, a key that cannot be read; `out` exists.
    """
    target = Path(out)
    if target.exists() and not force:
        raise BenchError(f"{setting('out', str(target))}: exists. Replace it with {setting('force')}")
    events = _read_events(registry)
    promoted = _find_promoted(str(subject), registry) if any(event.task == str(subject) for event in events) else None
    if promoted is not None:
        results = RunResults(Registry(Path(registry)).load(promoted).run.folder)
    else:
        results = load_results(subject, runs_dir)
        if not results.folder.is_finished():
            raise BenchError(f"{results.path}: is not finished, so nothing is decided. Run the same command again to resume it.")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    record = record_to_json(results, events, made=made, promoted=promoted)
    record["data_card"] = None if card is None else _digest_card(Path(card))
    signed, signer = sign_document(record, user_key_file() if key is None else Path(key))
    try:
        write_text(target, json.dumps(signed, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror}") from None
    return SignedRecord(target, signer)


def verify_record(
    record: PathLike,
    *,
    signer: str | None = None,
    card: PathLike | None = None,
    registry: PathLike = REGISTRY,
    runs_dir: PathLike = "runs",
) -> RecordCheck:
    """Check the signature of a record, and whether the run and the data card that it names are as they were.

    Args:
        record: a file that `write_record` wrote.
        signer: the fingerprint of the key that must have signed it.
        card: the folder of the data card.
        registry, runs_dir: where the run may be.

    Raises:
        BenchError: the file cannot be read, or is not a record.
    """
    path = Path(record)
    document = _read_record(path)
    signed_by = check_signature(document)
    about = document["subject"]
    model = about.get("model")
    expected = None if signer is None else signed_by is not None and _plain(signed_by.fingerprint) == _plain(signer)
    subject = f"the model in service for {model.get('task')}" if isinstance(model, Mapping) else f"run {about.get('run')}"
    return RecordCheck(
        signer=signed_by,
        is_expected=expected,
        subject=subject,
        made=str(document.get("made", "")),
        run=_check_run(about, registry, runs_dir),
        card=_check_card(document.get("data_card"), card),
    )


def _plain(fingerprint: str) -> str:
    return "".join(fingerprint.lower().split())


def _read_events(registry: PathLike) -> list[Event]:
    """The history; empty without a registry."""
    journal = Registry(Path(registry)).journal
    return journal.events() if journal.file.is_file() else []


def _find_promoted(task: str, registry: PathLike) -> Event:
    current = Registry(Path(registry)).current(task)
    if current is None:
        raise BenchError(f"{registry}: no model is in service for '{task}'")
    return current


def _digest_card(folder: Path) -> dict[str, str]:
    missing = [name for name in _CARD_FILES if not (folder / name).is_file()]
    if missing:
        problem = f"has no {missing[0]}, so it is not the folder of a data card. `bench data card` writes one"
        raise BenchError(f"{setting('card', str(folder))}: {problem}")
    return {name: hash_file(folder / name) for name in _CARD_FILES}


def _read_record(path: Path) -> dict[str, Any]:
    content = read_bounded(path, _MOST_BYTES, too_large=f"is larger than {_MOST_BYTES >> 20} MiB, the limit for a decision record")
    try:
        document = json.loads(content, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("bench_record") != 1 or not isinstance(document.get("subject"), Mapping):
        raise BenchError(f"{path}: is not a decision record that this version of bench can read")
    return document


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """
    Raises:
        ValueError: a name occurs twice: programs differ in which of the values they read.
    """
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _check_run(about: Mapping[str, Any], registry: PathLike, runs_dir: PathLike) -> CheckResult:
    """Whether the files of the run have the digest that the record names."""
    model = about.get("model")
    try:
        if isinstance(model, Mapping):
            number = model.get("number")
            event = next((each for each in _read_events(registry) if each.number == number and each.digest == model.get("digest")), None)
            if event is None:
                return "not found"
            problems = {each.number: problem for each, problem in Registry(Path(registry)).verify()}
            return "changed" if problems.get(event.number) else "same"
        name = str(about.get("run"))
        if find_name_problem(name) or not (Path(runs_dir) / name).is_dir():
            return "not found"
        verified = verify_run(load_results(name, runs_dir).folder)
    except BenchError:
        return "changed"
    return "same" if verified.is_intact and verified.digest == about.get("sha256_of_all_files") else "changed"


def _check_card(recorded: object, card: PathLike | None) -> CheckResult | None:
    if not isinstance(recorded, Mapping):
        return None
    if card is None or not Path(card).is_dir():
        return "not found"
    same = all((Path(card) / name).is_file() and hash_file(Path(card) / name) == recorded.get(name) for name in _CARD_FILES)
    return "same" if same else "changed"
