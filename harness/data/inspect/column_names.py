"""What people call their columns: names by role, in the spellings that data sets use."""

from __future__ import annotations

import re
from collections.abc import Collection


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in text.split("|"))


# Names that say that a column is the label.
LABELS = _names("""label|labels|class|intent|sentiment|stance|emotion|gold label|target label|true label|class label|sentiment label|
    final decision|label text|label name|class name|intent name|is spam|spam|toxic|is toxic|hate speech|y""")
# Names that say that a column is what is to be written.
TEXTS = _names("""summary|summaries|highlights|tldr|tl dr|answer|answers|answers text|answer text|answer value|correct answer|
    correct answers|best answer|short answer|gold answer|final answer|expected answer|answer key|answerkey|output|outputs|response|
    responses|completion|reply|reference|references|ref|refs|target|targets|target text|output text|translation|gold|gold text|
    ground truth|expected|expected output|ideal|ideal response|chosen|human reference|paraphrase|correction|corrected|rewritten|
    rewrite|solution""")
# Attributes of a row that a team may well want to predict; behind the others, because data often carries them along.
ATTRIBUTES = _names("""category|category name|topic|queue|priority|rating|stars|type|status|tag|severity|urgency|department|outcome|verdict|
    decision|diagnosis|genre|subject area|score|grade|product|issue|specialty|language|resolution""")
# Other programs' guesses at the target: not the truth, and not to be shown to the model.
_GUESSES = _names("pred|predicted|prediction|predictions|probability|prob|confidence|logit|logits|rejected")

QUESTIONS = _names("question|questions|question text|query")
# In the order of preference.
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
# Words at the end of a name that say nothing by themselves: 'label_text' is no text.
_EMPTY_WORDS = _names("text|y|no|data|number|key|code|table|records|source|type|status|subject|title|score")


def plain_name(name: str) -> str:
    """A column's name in lower-case words: 'finalDecision', 'final_decision' and 'FINAL-DECISION' are 'final decision'."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[\W_]+", " ", apart).casefold().split())


def match(name: str, known: Collection[str]) -> int:
    """How well a name fits: 2 as it is ('sentence1' and 'text_a' are 'sentence' and 'text'), 1 by its last word, 0 not at all."""
    plain = re.sub(r"( ?\d+| [ab])$", "", plain_name(name)) or plain_name(name)
    if plain in known or plain_name(name) in known:
        return 2
    last = plain.rpartition(" ")[2]
    return 1 if last in known and last not in _EMPTY_WORDS else 0


def is_somebodys_guess(name: str) -> bool:
    """Whether the name says that a model or a person guessed the target here, or that it is the worse of two outputs."""
    return not _GUESSES.isdisjoint(plain_name(name).split())


def names_a_cluster(name: str) -> bool:
    """Whether the name says that rows with the same value belong together: 'patient_id', 'author', 'conversation'."""
    words = plain_name(name).split()
    if words and words[-1] in ("id", "ids", "no", "nr", "number", "name", "uuid", "key"):
        return len(words) > 1 and words[-2] in GROUPS
    return bool(words) and words[-1] in GROUPS and len(words) <= 2


def names_an_id(name: str) -> bool:
    """Whether the name is that of a row's identifier: 'id', 'ticket_id', 'Unnamed: 0'."""
    plain = plain_name(name)
    return plain in IDS or plain.rpartition(" ")[2] in ("id", "uuid", "guid", "index")
