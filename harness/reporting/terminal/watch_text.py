"""What a watch found in a terminal: the answer first, then the signals, the parts of the data and the words."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.lifecycle.watch import WatchResult
from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.wording import watch_sentences
from harness.text import one_line, wrap_words

_WIDTH = 100
_STYLES = {"stable": "bold green", "drifted": "bold red", "not_enough_data": "bold yellow"}


def print_watch(result: WatchResult, console: Console) -> None:
    """Print the result of a look; in a file or a pipe no table is cut."""
    headline, *others = watch_sentences.describe_outcome(result)
    print_text(console, Text(one_line(headline), style=_STYLES[result.outcome]))
    for sentence in others:
        _print_wrapped(console, f"- {one_line(sentence, 400)}", "  ")
    _print_wrapped(console, watch_sentences.describe_rows(result))
    for table in (watch_sentences.build_signal_table(result), watch_sentences.build_slice_table(result)):
        if table is not None:
            print_text(console, Text(f"\n{table.title}", style="bold"))
            print_table(console, build_table(table, table_width(console)), table_width(console))
    words = watch_sentences.build_word_table(result)
    if words is not None:
        print_text(console, Text(f"\n{words.title}", style="bold"))
        print_table(console, build_table(words, table_width(console)), table_width(console))
        for word in result.words:
            for example in watch_sentences.list_examples(word):
                print_text(console, Text(f"  {one_line(word.word, 30)} · {example}"))
    print_text(console, Text(""))
    for sentence in filter(None, (*watch_sentences.list_notes(result), watch_sentences.describe_next_step(result))):
        _print_wrapped(console, sentence)


def _print_wrapped(console: Console, text: str, further: str = "") -> None:
    width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    print_text(console, Text("\n".join(wrap_words(text, width, further=further))))
