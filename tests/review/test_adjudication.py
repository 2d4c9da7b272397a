"""A second packet settles what raters disagree about, blind, and only as a whole; the settled items count everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from raters import Export, page_file, rating

from harness.api import gate, review_adjudicate, review_exclude, review_harvest, review_status
from harness.errors import BenchError
from harness.reporting import render
from harness.reporting.wording import review_sentences
from harness.results import RunResults
from harness.review import ExportedPacket, import_files, load_reviews
from harness.review.findings import compute_error_rates
from harness.review.packets import Adjudication, ItemTexts, load_item_texts, save_packet
from harness.review.ratings import UnblindedRatings
from harness.store import StoredRun, get_packet_folder

Say = Callable[[str, str, str], str]  # rater, example, strategy → severity


def rate_errors(run: StoredRun, exported: ExportedPacket, folder: Path, say: Say, **more: Any) -> None:
    ratings = []
    for item in exported.packet.items:
        (strategy,) = exported.key.items[item.id].strategies
        severity = say(item.rater, item.example, strategy)
        if severity:
            ratings.append(rating(item.id, {"severity": severity}, comment="see <b>dose</b>" if severity == "critical" else "", **more))
    import_files(run, [page_file(folder, exported.packet, rater, ratings) for rater in exported.packet.raters])


@pytest.fixture
def disputed(export: Export, run: StoredRun, tmp_path: Path) -> tuple[StoredRun, ExportedPacket, list[str]]:
    """Two raters of 12 outputs each of base and lora; on the first four examples of lora only one of them sees a critical error."""
    exported = export(mode="errors", raters="anna,ben", repeats=0)
    rows = list(exported.key.inclusion_probabilities)

    def say(rater: str, example: str, strategy: str) -> str:
        if strategy == "base":
            return "critical" if example in rows[:6] else "minor"
        return "critical" if example in rows[:4] and rater == "anna" else "none"

    rate_errors(run, exported, tmp_path, say)
    return run, exported, rows


def critical(run: StoredRun) -> Mapping[str, float | None]:
    (review,) = load_reviews(run)
    ratings = UnblindedRatings(review, run.examples(review.packet.task))
    return {rate.strategy: rate.critical.value for rate in compute_error_rates(ratings)}


def settle(run: StoredRun, settling: ExportedPacket, folder: Path, critical_rows: list[str], **more: Any) -> None:
    rate_errors(run, settling, folder, lambda rater, example, strategy: "critical" if example in critical_rows else "minor", **more)


def test_adjudicator_overrules_raters_in_every_result(disputed: tuple[StoredRun, ExportedPacket, list[str]], tmp_path: Path) -> None:
    run, first, rows = disputed
    assert critical(run) == {"base": pytest.approx(0.5), "lora": pytest.approx(4 / 12)}, "half of the raters is enough"
    settling = review_adjudicate(run.path, raters="chief")
    assert sorted(item.example for item in settling.packet.items) == sorted(rows[:4]) and settling.packet.raters == ("chief",)
    settle(run, settling, tmp_path, rows[:1])
    assert critical(run) == {"base": pytest.approx(0.5), "lora": pytest.approx(1 / 12)}
    (findings,) = review_status(run.path)
    assert findings.packet == first.packet.id and findings.representative, "the second packet is no review of its own"
    assert findings.disagreements is not None and findings.disagreements.counts
    assert (findings.disagreements.items, findings.disagreements.adjudicated, findings.disagreements.changed) == (24, 4, 3)
    assert {r.name: (r.upheld, r.disputed) for r in findings.raters} == {"anna": (1, 4), "ben": (3, 4)}
    assert findings.agreement["severity"]["nominal"].units == 24, "agreement is that of the raters"
    policy = tmp_path / "gate.yaml"
    policy.write_text("rules: [{rule: ceiling, score: review.critical_error_rate, value: 0.5}]")
    verdict = gate(run.path, "lora", baseline=f"{run.path}:base", policy=policy, registry=tmp_path / "registry", new_registry=True)
    assert verdict.rules[-1].measured == pytest.approx(1 / 12)
    assert not any("people" in each.critical_by for each in verdict.regressions if each.example in rows[1:4])
    text = " ".join(review_sentences.caveats(findings))
    assert "On 4 of 24 items that several raters rated, some raters see a critical error and others do not" in text
    assert "chief settled every disagreement, without seeing the raters’ answers." in text
    assert "it changed the result of 3 of 4 items" in text
    with pytest.raises(BenchError, match=r"has no disagreement to settle\. 4 items are adjudicated"):
        review_adjudicate(run.path, raters="chief")


def test_results_rest_on_the_raters_until_every_disagreement_is_settled(
    disputed: tuple[StoredRun, ExportedPacket, list[str]], tmp_path: Path
) -> None:
    """Otherwise one could stop at the rate that suits."""
    run, first, rows = disputed
    settling = review_adjudicate(run.path)
    rate_errors(run, settling, tmp_path, lambda rater, example, strategy: "none" if example != rows[0] else "")
    assert critical(run)["lora"] == pytest.approx(4 / 12)
    (findings,) = review_status(run.path)
    assert findings.disagreements is not None and (findings.disagreements.adjudicated, findings.disagreements.waiting) == (3, 1)
    assert "3 items adjudicated, 1 item not yet, so the results still rest on the raters alone" in " ".join(
        review_sentences.caveats(findings)
    )
    rest = review_adjudicate(run.path, raters="deputy")
    assert [item.example for item in rest.packet.items] == rows[:1], "what is settled is not asked again"
    settle(run, rest, tmp_path, [])
    assert critical(run)["lora"] == 0
    again = [
        rating(item.id, {"severity": "critical"}, answered_at="2026-05-01T10:00:00Z")
        for item in first.packet.items
        if item.rater == "ben" and item.example == rows[7]
    ]
    import_files(run, [page_file(tmp_path, first.packet, "ben", again, name="later.json")])
    assert critical(run)["lora"] == pytest.approx(5 / 12), "a new disagreement waits, so none counts"


def test_adjudicator_may_see_answers_without_names(disputed: tuple[StoredRun, ExportedPacket, list[str]], tmp_path: Path) -> None:
    run, _, _ = disputed
    blind = review_adjudicate(run.path, formats=["html", "csv", "xlsx", "label-studio"])
    assert all("see <b>dose" not in path.read_text("utf-8", "replace") for path in blind.files)
    shown = review_adjudicate(run.path, raters="chief", show_ratings=True, formats=["csv", "label-studio"])
    texts: list[ItemTexts] = load_item_texts(run, shown.packet, shown.key)["chief"]
    assert {item.earlier_answers for item in texts} == {("critical – “see <b>dose</b>”", "none")}
    for path in shown.files[:2]:
        content = path.read_text("utf-8")
        assert "see <b>dose</b>" in content and "anna" not in content and "ben" not in content and "lora" not in content
    settle(run, shown, tmp_path, [])
    (findings,) = review_status(run.path)
    assert findings.disagreements is not None and findings.disagreements.saw_ratings and findings.disagreements.adjudicators == ("chief",)


def test_an_adjudicator_was_no_rater(disputed: tuple[StoredRun, ExportedPacket, list[str]]) -> None:
    run, _, _ = disputed
    with pytest.raises(BenchError, match=r'raters="Anna": was a rater of packet p.*give the group a name of its own'):
        review_adjudicate(run.path, raters="Anna")


def test_opposite_preferences_disagree_but_a_tie_does_not(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(raters=2, repeats=0)
    rows = list(exported.key.inclusion_probabilities)

    def answer(exported: ExportedPacket, item: Any, winner: str) -> dict[str, Any]:
        sides = exported.key.items[item.id].strategies
        return rating(item.id, {"preference": winner if winner == "tie" else "AB"[sides.index(winner)]}, corrected=f"by {item.rater}")

    choices = {(rows[0], "rater-1"): "lora", (rows[0], "rater-2"): "base", (rows[1], "rater-1"): "lora", (rows[1], "rater-2"): "tie"}
    ratings = [answer(exported, j, choices[j.example, j.rater]) for j in exported.packet.items if (j.example, j.rater) in choices]
    import_files(run, [page_file(tmp_path, exported.packet, r, ratings) for r in exported.packet.raters])
    settling = review_adjudicate(run.path, show_ratings=True)
    (item,) = settling.packet.items
    sides = settling.key.items[item.id].strategies
    assert item.example == rows[0] and settling.packet.adjudicates is not None
    assert {quote[0] for quote in settling.packet.adjudicates.earlier_answers[item.id]} == {"A", "B"}
    (chosen,) = [quote for quote in settling.packet.adjudicates.earlier_answers[item.id] if quote.startswith("A")]
    assert chosen == "A" and sides in (("base", "lora"), ("lora", "base"))
    ratings = [answer(settling, item, "base")]
    import_files(run, [page_file(tmp_path, settling.packet, "adjudicator", ratings)])
    (findings,) = review_status(run.path)
    (preference,) = findings.preferences
    assert (preference.wins, preference.losses, preference.ties) == (1, 1, 1) and preference.win_rate.value == pytest.approx(0.375)
    harvest, _ = review_harvest(run.path, tmp_path / "more.jsonl", retire_test_examples=True)
    by_example = {record["provenance"]["example"]: record["provenance"] for record in harvest.preferences}
    assert by_example[rows[0]]["raters"] == ["adjudicator"] and by_example[rows[0]]["strategies"] == ["base", "lora"]
    completions = {(r["provenance"]["example"], r["completion"]) for r in harvest.corrections}
    assert (rows[0], "by adjudicator") in completions and (rows[0], "by rater-2") in completions, "who was upheld keeps the correction"
    assert (rows[0], "by rater-1") not in completions


def test_distant_answers_on_a_scale_disagree(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(strategies=("lora",), mode="scales", raters=2, repeats=0)
    scales = exported.packet.questions.scales
    rows = list(exported.key.inclusion_probabilities)
    ratings = []
    for item in exported.packet.items:
        step = {rows[0]: 2, rows[1]: 1}.get(item.example, 0) if item.rater == "rater-2" else 0
        ratings.append(rating(item.id, {s.name: s.answers[step if s is scales[-1] else 0] for s in scales}))
    import_files(run, [page_file(tmp_path, exported.packet, r, ratings) for r in exported.packet.raters])
    assert [item.example for item in review_adjudicate(run.path).packet.items] == rows[:1]
    assert sorted(item.example for item in review_adjudicate(run.path, more_than=0).packet.items) == sorted(rows[:2])
    with pytest.raises(BenchError, match=r'more_than="-1": must be 0 or greater'):
        review_adjudicate(run.path, more_than=-1)


def test_excluded_rater_no_longer_counts_and_the_report_says_so(
    disputed: tuple[StoredRun, ExportedPacket, list[str]], tmp_path: Path
) -> None:
    run, exported, _ = disputed
    with pytest.raises(BenchError, match="say why the ratings of"):
        review_exclude(run.path, "anna", reason=" ")
    with pytest.raises(BenchError, match=r"no rater 'ana'"):
        review_exclude(run.path, "ana", reason="late")
    assert review_exclude(run.path, "anna", reason="guessed <b>", packet=exported.packet.id) == [exported.packet.id]
    assert critical(run)["lora"] == 0
    (findings,) = review_status(run.path)
    assert findings.with_all_raters is not None and {r.name: r.excluded for r in findings.raters} == {"anna": "guessed <b>", "ben": None}
    text = " ".join(review_sentences.about_raters(findings))
    assert "Excluded by decision of the user: anna (“guessed <b>”). With every rater: " in text and "33% of 12 outputs" in text
    page = render(RunResults(run.folder))
    assert "guessed &lt;b&gt;" in page and "guessed <b>" not in page
    assert (findings.items, findings.rated_items) == (24, 24), "the items of an excluded rater are not missing"
    review_exclude(run.path, "anna", reason="", undo=True)
    assert critical(run)["lora"] == pytest.approx(4 / 12)
    with pytest.raises(BenchError, match=r"the ratings of 'anna' count already"):
        review_exclude(run.path, "anna", reason="", undo=True)


def test_excluded_adjudicator_no_longer_settles_anything(disputed: tuple[StoredRun, ExportedPacket, list[str]], tmp_path: Path) -> None:
    run, first, rows = disputed
    settling = review_adjudicate(run.path, raters="chief")
    settle(run, settling, tmp_path, rows[:1])
    with pytest.raises(BenchError, match=r"no rater 'chef'\. Did you mean 'chief'\?"):
        review_exclude(run.path, "chef", reason="knew the strategies")
    assert review_exclude(run.path, "chief", reason="knew the <b>", packet=settling.packet.id) == [first.packet.id]
    assert critical(run)["lora"] == pytest.approx(4 / 12), "the results rest on the raters"
    (findings,) = review_status(run.path)
    assert findings.disagreements is not None and (findings.disagreements.adjudicated, findings.disagreements.waiting) == (0, 4)
    text = " ".join(review_sentences.about_raters(findings))
    assert (
        "Excluded by decision of the user: chief (“knew the <b>”). With every rater: " in text
        and "LoRA: critical errors in 8% of 12 outputs" in text
    )
    assert "knew the &lt;b&gt;" in render(RunResults(run.folder))
    assert len(review_adjudicate(run.path, raters="deputy").packet.items) == 4, "someone else can settle them"
    review_exclude(run.path, "chief", reason="", undo=True)
    assert critical(run)["lora"] == pytest.approx(1 / 12)


@pytest.mark.parametrize(("monday", "tuesday"), [("2026-06-01T09:00:00Z", "2026-06-02T09:00:00Z"), (None, None)])
@pytest.mark.parametrize("first_is_last", [False, True])
def test_the_last_adjudication_of_an_item_counts_alone(
    disputed: tuple[StoredRun, ExportedPacket, list[str]], tmp_path: Path, monday: str | None, tuesday: str | None, first_is_last: bool
) -> None:
    """Of two packets that were made before either came back, a single critical error would else count as half a vote."""
    run, _, rows = disputed
    packets = [review_adjudicate(run.path, raters=name) for name in ("chief", "deputy")]
    for day, exported in enumerate(packets, 1):
        made = replace(exported.packet, created=f"2026-05-0{day}T00:00:00+00:00")
        save_packet(get_packet_folder(run.path, made.id), made, exported.key)
    chief, deputy = packets
    settle(run, chief, tmp_path, rows[:4], answered_at=tuesday if first_is_last else monday)
    assert critical(run)["lora"] == pytest.approx(4 / 12)
    settle(run, deputy, tmp_path, [], answered_at=monday if first_is_last else tuesday)
    is_overruled = monday is not None and first_is_last  # without times, the newest packet is the last
    assert critical(run)["lora"] == (pytest.approx(4 / 12) if is_overruled else 0)
    (findings,) = review_status(run.path)
    assert findings.disagreements is not None
    assert findings.disagreements.adjudicators == (("chief",) if is_overruled else ("deputy",))
    assert "4 items were adjudicated in more than one packet: the last answer counts." in review_sentences.caveats(findings)


def test_a_packet_cannot_settle_items_of_another(disputed: tuple[StoredRun, ExportedPacket, list[str]], export: Export) -> None:
    """A changed packet would let a review about other outputs decide this one."""
    run, _, _ = disputed
    settling = review_adjudicate(run.path)
    other = export(mode="errors", raters="anna,ben", repeats=0, seed=5)
    folder = get_packet_folder(run.path, settling.packet.id)
    for packet, problem in ((other.packet.id, "has items that packet p"), ("p0000000", "which this run does not have")):
        save_packet(folder, replace(settling.packet, adjudicates=Adjudication(packet, 1)), settling.key)
        with pytest.raises(BenchError, match=problem):
            load_reviews(run)
