"""What a biased judge is worth beside few ratings, in about two minutes: `python docs/judged_clinic.py FOLDER`.

The task is the shipped summary of visits, on 800 test visits of the synthetic clinic. Two versions of the summaries are made from the
references: a short one, which leaves something out now and then, and a long one, which is wordy and more often has a wrong dose or no
allergies. Which of the two is better follows from the facts of each visit, which the clinic knows.

A judge sees every pair in both orders, on a local server. It takes the longer summary in 30% of its verdicts, and is wrong in 5%
of the others. Raters see 45 visits of a random sample. They see what the facts say, but for their errors: 5% of their answers in one
review, 25% in another. So there are two truths: what the facts say, and what such raters would say about all visits, which more ratings
would come to.

FOLDER must be new or empty. It gets the run with its reports, and `judged_clinic.svg`; with Chromium also `judged_clinic.png`.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

import harness
from harness.api import judge, load_task, review_export, review_import
from harness.data.clinic import generate_records
from harness.judging import estimate_share, load_judge_scores
from harness.metrics import FACTS
from harness.results import RunResults
from harness.review import Review, load_reviews
from harness.review.findings import ScoreCombiner, compute_preferences
from harness.review.ratings import UnblindedRatings
from harness.store import RunFolder
from harness.types import ApiSpec, Example, JudgeSpec, Prediction, Score

SIZE, SEED, RATED, DRAWS = 4000, 7, 45, 200
SHORT, LONG = "short", "long"
LIKES_LENGTH, JUDGE_ERROR = 0.3, 0.05
RATER_ERRORS = (0.05, 0.25)
JUDGE = "fond-of-length"
FILLER = "\nRemark: The patient was seen today, all questions were answered at length, and everything was discussed in detail."


@dataclass(frozen=True)
class Visit:
    """A test visit: both summaries, and how far the facts are for the short one: 1, 0, or one half where both state the same."""

    example: Example
    texts: Mapping[str, str]
    short_is_better: float


@dataclass(frozen=True)
class Reviewed:
    """What raters who err so often, and the judge, say about how often the short summary is better.

    Attributes:
        truth: what such raters would say of all visits.
        samples: for each random sample of visits the estimate from the ratings alone, and with the judge; the first is that of the run.
    """

    error: float
    truth: float
    samples: list[tuple[Score, Score]]

    def describe(self, which: int) -> tuple[float, float]:
        """How often the interval has the truth, and its mean width."""
        ends = [(pair[which].low or 0.0, pair[which].high or 1.0) for pair in self.samples]
        return float(np.mean([low <= self.truth <= high for low, high in ends])), float(np.mean([high - low for low, high in ends]))


def make_visits() -> list[Visit]:
    """The test visits with their summaries."""
    draw = random.Random(SEED)
    tests = [example for split, example in generate_records("summarization", size=SIZE, seed=SEED) if split == "test"]
    return [_make_visit(example, draw) for example in tests]


def _make_visit(example: Example, draw: random.Random) -> Visit:
    lines = example.targets[0].splitlines()
    omitted = {"Denies", "Complaint", "Takes"} if draw.random() < 0.35 else set()
    omitted = {draw.choice(sorted(omitted))} if omitted else set()
    short = "\n".join(line for line in lines if line.partition(":")[0] not in omitted)
    long = "\n".join(line for line in lines if not (line.startswith("Allergies") and draw.random() < 0.3)) + FILLER
    short, long = (_change_dose(text) if draw.random() < chance else text for text, chance in ((short, 0.15), (long, 0.35)))
    texts = {SHORT: short, LONG: long}
    measure = {metric.name: metric.per_example for metric in FACTS.build(())}

    def rank(text: str) -> tuple[float, float]:
        errors, recall = (measure[name](example, Prediction(example.id, text)) for name in ("critical_errors", "entity_recall"))
        return -(errors or (0.0,))[0], (recall or (0.0,))[0]

    one, other = rank(short), rank(long)
    return Visit(example, texts, 0.5 if one == other else float(one > other))


def _change_dose(text: str) -> str:
    """The text with ten times the dose that was prescribed."""
    return re.sub(r"(Prescribed: .*?)(\d+)( m?c?g)", r"\g<1>\g<2>0\g<3>", text)


@contextmanager
def serve_judge(visits: list[Visit]) -> Iterator[str]:
    """A server on this machine that answers as the judge; yields its address."""
    better = {(visit.texts[SHORT], visit.texts[LONG]): visit.short_is_better for visit in visits}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send({"data": [{"id": JUDGE}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            verdict = _judge(body["messages"][-1]["content"], better)
            content = json.dumps({"reason": "It is more complete.", "verdict": verdict})
            self._send({"model": JUDGE, "choices": [{"message": {"content": content}, "finish_reason": "stop"}]})

        def _send(self, value: Any) -> None:
            content = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def _judge(prompt: str, better: Mapping[tuple[str, str], float]) -> str:
    """The verdict on a prompt; the same for the same prompt."""
    first, second = re.findall(r"^\w{16} BEGIN OUTPUT [AB]\n(.*?)\n\w{16} END OUTPUT", prompt, re.MULTILINE | re.DOTALL)
    draw = random.Random(sha256(prompt.encode()).hexdigest())
    is_short_first = (first, second) in better
    wins = better[first, second] if is_short_first else 1 - better[second, first]
    if draw.random() < LIKES_LENGTH:
        return "A" if len(first) > len(second) else "B"
    if wins == 0.5:
        return "tie"
    is_right = draw.random() >= JUDGE_ERROR
    return "A" if (wins == 1) == is_right else "B"


def rate(visits: Mapping[str, Visit], error: float, draw: random.Random) -> Callable[[str], float]:
    """What a rater says of each visit: as the facts say, or with this probability for the other summary."""
    answers = {
        name: 0.5 if visit.short_is_better == 0.5 else abs(visit.short_is_better - (draw.random() < error))
        for name, visit in visits.items()
    }
    return answers.__getitem__


def make_run(folder: Path, visits: list[Visit]) -> RunResults:
    """The run with both versions of the summaries, judged."""
    for name in (SHORT, LONG):
        rows = ({"id": visit.example.id, "output": visit.texts[name]} for visit in visits)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task = load_task("summarization")
    task = task.model_copy(update={"data": task.data.model_copy(update={"size": SIZE, "seed": SEED})})
    outputs = [f"outputs:{folder / name}.jsonl" for name in (SHORT, LONG)]
    done = harness.run(task, outputs, base=False, runs_dir=folder / "runs")
    with serve_judge(visits) as address:
        api = ApiSpec(base_url=address, model=JUDGE, cache=False)
        spec = JudgeSpec(name=JUDGE, kind="pairwise", criterion="Which summary would a doctor rather sign?", api=api)
        judge(done.path, spec, (LONG, SHORT), send_to="127.0.0.1")
    return RunResults(RunFolder(done.path))


def review(run: RunResults, folder: Path, answer: Callable[[str], float], name: str, seed: int) -> Review:
    """Let a rater rate a random sample."""
    exported = review_export(run.path, (LONG, SHORT), n=RATED, repeats=0, raters=name, seed=seed)
    ratings = [
        {"item": item.id, "answers": {"preference": _to_answer(answer(item.example), exported.key.items[item.id].strategies)}}
        for item in exported.packet.items
    ]
    file = folder / f"ratings-{name}.json"
    value = {"bench_review": 1, "packet": exported.packet.id, "rater": name, "ratings": ratings}
    file.write_text(json.dumps(value), encoding="utf-8")
    review_import(run.path, [file])
    return next(each for each in load_reviews(run) if each.packet.id == exported.packet.id)


def _to_answer(short_wins: float, sides: tuple[str, ...]) -> str:
    return "tie" if short_wins == 0.5 else "AB"[sides.index(SHORT if short_wins else LONG)]


def estimate(run: RunResults, rated: Review) -> tuple[Score, Score]:
    """The win rate of the short summaries: from the ratings alone, and with the judge."""
    results = run.by_task["summarization"]
    ratings = UnblindedRatings(rated, results.examples)
    combiner = ScoreCombiner(results, ratings, only=f"judge:{JUDGE}")
    (preference,) = compute_preferences(ratings, combiner)
    return preference.win_rate, preference.best_estimate


def draw_again(run: RunResults, rated: Review, answer: Callable[[str], float], seed: int) -> Review:
    """The review as it would be with another random sample."""
    names = [example.id for example in run.by_task["summarization"].examples]
    chosen = random.Random(seed).sample(names, RATED)
    items = [replace(item, example=name) for item, name in zip(rated.packet.items, chosen, strict=True)]
    ratings = tuple(
        replace(each, answers={"preference": _to_answer(answer(name), rated.key.items[each.item].strategies)})
        for item, name in zip(items, chosen, strict=True)
        for each in rated.ratings
        if each.item == item.id
    )
    key = replace(rated.key, inclusion_probabilities=dict.fromkeys(chosen, RATED / len(names)))
    return replace(rated, packet=replace(rated.packet, items=tuple(items)), key=key, ratings=ratings)


def review_often(run: RunResults, folder: Path, visits: Mapping[str, Visit], error: float) -> Reviewed:
    """The review in the run, and as it would be with other samples."""
    answer = rate(visits, error, random.Random(f"{SEED}/{error}"))
    rated = review(run, folder, answer, f"rater-{round(100 * error)}", SEED)
    again = [draw_again(run, rated, answer, seed) for seed in range(DRAWS - 1)]
    return Reviewed(error, float(np.mean([answer(name) for name in visits])), [estimate(run, each) for each in (rated, *again)])


def ask_judge_alone(run: RunResults) -> Score:
    """What the judge says about all visits."""
    results = run.by_task["summarization"]
    (scores,) = load_judge_scores(results)
    share = estimate_share(scores.wins(SHORT, LONG), results.groups)
    assert share is not None
    return share


def draw_picture(reviews: list[Reviewed], by_judge: Score, facts: float) -> str:
    """Both reviews as SVG: the first samples, the judge alone, and what is true."""
    left, step, height, low, high, shown = 60, 25, 230, 0.2, 0.9, 24
    right = left + shown * step
    parts = []
    for number, each in enumerate(reviews):
        top = 70 + number * (height + 70)

        def y(value: float, top: int = top) -> float:
            return top + (high - value) / (high - low) * height

        def bar(kind: str, x: float, score: Score, y: Callable[[float], float] = y) -> str:
            assert score.value is not None and score.low is not None and score.high is not None
            line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y(score.low):.1f}" y2="{y(score.high):.1f}" class="{kind}"/>'
            return f'{line}<circle cx="{x:.1f}" cy="{y(score.value):.1f}" r="3.5" class="{kind}"/>'

        parts.append(f'<text x="20" y="{top - 16}" class="t">Raters who err in {each.error:.0%} of their answers</text>')
        for tick in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
            parts.append(
                f'<line x1="{left}" x2="{right + 60}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" class="{"half" if tick == 0.5 else "grid"}"/>'
            )
            parts.append(f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" class="s e">{tick:.0%}</text>')
        for value, kind in ((each.truth, "truth"), (facts, "facts")):
            parts.append(f'<line x1="{left}" x2="{right + 60}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="{kind}"/>')
        for place, (alone, joined) in enumerate(each.samples[:shown]):
            parts += [bar("alone", left + place * step + 8, alone), bar("joined", left + place * step + 16, joined)]
        parts.append(bar("judge", right + 30, by_judge))
        middle = f"{left + shown * step // 2}"
        parts.append(f'<text x="{middle}" y="{top + height + 20}" class="s m">{shown} random samples of {RATED} rated visits</text>')
        parts.append(f'<text x="{right + 30}" y="{top + height + 20}" class="s m">judge alone</text>')
        for row, (kind, which) in enumerate((("ratings alone", 0), ("with the judge", 1))):
            covered, width = each.describe(which)
            name, place = ("alone", "joined")[which], top + 60 + row * 62
            parts.append(f'<circle cx="{right + 92}" cy="{place - 5}" r="5" class="{name}"/>')
            parts.append(f'<text x="{right + 104}" y="{place}" class="t">{kind}</text>')
            parts.append(f'<text x="{right + 104}" y="{place + 18}" class="s">{100 * width:.0f} points wide on average,</text>')
            parts.append(f'<text x="{right + 104}" y="{place + 33}" class="s">right in {covered:.0%} of {DRAWS} samples</text>')
    bottom = 70 + len(reviews) * (height + 70)
    legend = "Bars: 95% CI. Solid line: what these raters would say of all visits, which estimates are about. Dashed: what the facts say."
    style = (
        "text{font:14px sans-serif;fill:#1c2430}.t{font-weight:bold;font-size:14px}.s{font-size:12px;fill:#57606a}.m{text-anchor:middle}"
        ".e{text-anchor:end}line{stroke-width:1.5}.truth{stroke:#1c2430}.facts{stroke:#1c2430;stroke-dasharray:5 4}.half{stroke:#9aa3ad}"
        ".grid{stroke:#e4e7eb}line.alone{stroke:#c79a00;stroke-width:3}line.judge{stroke:#b3261e;stroke-width:4}"
        "line.joined{stroke:#00639b;stroke-width:3}circle.alone{fill:#c79a00}circle.judge{fill:#b3261e}circle.joined{fill:#00639b}"
    )
    title = "How often is the short summary better? Ratings, a judge that is fond of length, and both together"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="960" height="{bottom + 10}"><style>{style}</style>'
        f'<rect width="100%" height="100%" fill="white"/><text x="20" y="28" class="t">{title}</text>{"".join(parts)}'
        f'<text x="20" y="{bottom - 8}" class="s">{legend}</text></svg>\n'
    )


def main(folder: Path) -> None:
    """Make the run, the reviews and the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    visits = make_visits()
    by_id = {visit.example.id: visit for visit in visits}
    run = make_run(folder, visits)
    facts = float(np.mean([visit.short_is_better for visit in visits]))
    by_judge = ask_judge_alone(run)
    print(f"the facts say {facts:.1%} of {len(visits)} visits")
    print(f"the judge alone says {by_judge.value:.1%} ({by_judge.low:.1%} to {by_judge.high:.1%})")
    reviews = [review_often(run, folder, by_id, error) for error in RATER_ERRORS]
    for each in reviews:
        print(f"raters who err in {each.error:.0%} would say {each.truth:.1%}")
        for which, name in enumerate(("ratings alone", "with the judge")):
            covered, width = each.describe(which)
            print(f"  {name}: right in {covered:.1%} of {DRAWS} samples, {100 * width:.1f} points wide")
    picture = folder / "judged_clinic.svg"
    picture.write_text(draw_picture(reviews, by_judge, facts), encoding="utf-8")
    browser = shutil.which("chromium")
    if browser is not None:
        height = re.search(r'height="(\d+)"', picture.read_text(encoding="utf-8"))
        assert height is not None
        options = [
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            f"--window-size=960,{height[1]}",
            f"--screenshot={picture.with_suffix('.png')}",
        ]
        subprocess.run([browser, *options, picture.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve())
