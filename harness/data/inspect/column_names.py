"""Typical column names by role, in the spellings that datasets use."""

from __future__ import annotations

import re
from collections.abc import Collection


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in text.split("|"))


# names of a label
LABELS = _names("""label|labels|class|intent|sentiment|stance|emotion|gold label|target label|true label|class label|sentiment label|
    final decision|label text|label name|class name|intent name|is spam|spam|toxic|is toxic|hate speech|y""")
# names of a text to be written
TEXTS = _names("""summary|summaries|highlights|tldr|tl dr|answer|answers|answers text|answer text|answer value|correct answer|
    correct answers|best answer|short answer|gold answer|final answer|expected answer|answer key|answerkey|output|outputs|response|
    responses|completion|reply|reference|references|ref|refs|target|targets|target text|output text|translation|gold|gold text|
    ground truth|expected|expected output|ideal|ideal response|chosen|human reference|paraphrase|correction|corrected|rewritten|
    rewrite|solution""")
# Attributes that a team may want to predict. They rank below the names above, as data often contains them for other reasons.
ATTRIBUTES = _names("""category|category name|topic|queue|priority|rating|stars|type|status|tag|severity|urgency|department|outcome|verdict|
    decision|diagnosis|genre|subject area|score|grade|product|issue|specialty|resolution""")
# Where a row comes from. Such a column has few values that repeat, as a label has, but is rarely what a team wants to predict.
_PROVENANCE = _names("""dataset|dataset name|corpus|corpora|collection|source|data source|origin|provenance|subset|split|fold|part|
    partition|lang|language|locale|config|domain|benchmark|version|file|filename|file name""")
# predictions of the target by other programs: neither the reference nor an input
_PREDICTIONS = _names("pred|predicted|prediction|predictions|probability|prob|confidence|logit|logits|rejected")

QUESTIONS = _names("question|questions|question text|query")
# in order of preference
CONTEXTS = ("context", "contexts", "passage", "passages", "paragraph", "paragraphs", "context text", "evidence", "background", "support",
            "document", "documents", "article", "story", "source text", "text", "body")  # fmt: skip
OPTIONS = _names("choices|choices text|options|options text|candidates|endings|answer choices")
ANSWERS = frozenset(name for name in TEXTS if "answer" in name) | {"gold", "ground truth", "solution", "ideal", "expected"}

INPUTS = _names("""input|inputs|text|texts|dialogue|dialog|conversation|transcript|document|article|body|content|message|prompt|instruction|
    source|source text|input text|sentence|sentences|review|comment|description|utterance|query|question|email|mail|post|tweet|mr|
    meaning representation|complaint|subject|title|headline|ticket|request|news|passage|context|story|premise|hypothesis|problem|note|notes|
    report|findings|chat|call|review text|review body|message text|body text|text body|news article|email body|email subject|full text|
    feedback|customer message|user message|user input|narrative|abstract|data|table|code|records""")
TITLES = _names("title|subject|headline|email subject")

IDS = _names("id|uuid|guid|key|index|row id|example id|qid|uid|idx|row|no|number|nr|column 1|unnamed 0")
GROUPS = _names("""patient|subject|customer|client|user|author|speaker|document|doc|conversation|dialog|dialogue|thread|session|encounter|
    visit|case|account|person|participant|student|annotator|writer|group|cluster|family|company|site|article|source|story|passage|episode|
    call|chat|ticket|order|household|member|employee|agent|doctor|physician|admission|hadm|stay|note|report|scenario|event|project|repo""")
# Last words of a name that say nothing by themselves: 'label_text' is not a text.
_UNINFORMATIVE_WORDS = _names("text|y|no|data|number|key|code|table|records|source|type|status|subject|title|score")


def plain_name(name: str) -> str:
    """A column name as lower-case words: 'finalDecision', 'final_decision' and 'FINAL-DECISION' become 'final decision'."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[\W_]+", " ", separated).casefold().split())


def match_name(name: str, known: Collection[str]) -> int:
    """How well a column name matches one of the known names.

    Returns:
        2 for the whole name, ignoring a number or letter at its end ('sentence1', 'text_a'); 1 for its last word; 0 for no match.
    """
    plain = re.sub(r"( ?\d+| [ab])$", "", plain_name(name)) or plain_name(name)
    if plain in known or plain_name(name) in known:
        return 2
    last = plain.rpartition(" ")[2]
    return 1 if last in known and last not in _UNINFORMATIVE_WORDS else 0


def names_a_prediction(name: str) -> bool:
    """Whether the name says that the column predicts the target, or contains the worse of two outputs."""
    return not _PREDICTIONS.isdisjoint(plain_name(name).split())


def names_provenance(name: str) -> bool:
    """Whether the name says where a row comes from: 'dataset', 'source', 'lang'."""
    return plain_name(name) in _PROVENANCE


def names_a_group(name: str) -> bool:
    """Whether the name says that rows with the same value are related: 'patient_id', 'author', 'conversation'."""
    words = plain_name(name).split()
    if words and words[-1] in ("id", "ids", "no", "nr", "number", "name", "uuid", "key"):
        return len(words) > 1 and words[-2] in GROUPS
    return bool(words) and words[-1] in GROUPS and len(words) <= 2


def names_an_id(name: str) -> bool:
    """Whether the name is that of a row identifier: 'id', 'ticket_id', 'Unnamed: 0'."""
    plain = plain_name(name)
    return plain in IDS or plain.rpartition(" ")[2] in ("id", "uuid", "guid", "index")
