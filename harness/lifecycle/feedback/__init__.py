"""What users say about the answers of the model in service: stored beside it, counted with intervals, and turned into rows to train on."""

from harness.lifecycle.feedback.answer_feedback import AnswerFeedback
from harness.lifecycle.feedback.complaint_review import ReviewedComplaints, export_complaints, import_complaint_ratings
from harness.lifecycle.feedback.complaint_trail import ComplaintTrail, StepKind, TrailStep, follow_complaint
from harness.lifecycle.feedback.feedback_file import FeedbackRows, read_answers, read_feedback_file, read_feedback_rows
from harness.lifecycle.feedback.feedback_log import Complaint, ComplaintRate, ComplaintState, CorrectedRow, FeedbackLog
from harness.lifecycle.feedback.feedback_rates import (
    LOWER_IS_BETTER,
    MEASURES,
    FeedbackChange,
    FeedbackNumber,
    MeasuredFeedback,
    compare_feedback,
    measure_feedback,
)
from harness.lifecycle.feedback.feedback_store import FeedbackStore
from harness.lifecycle.feedback.feedback_summary import (
    TIME_STEPS,
    FeedbackSummary,
    PeriodFeedback,
    SliceFeedback,
    StepFeedback,
    TimeStep,
    summarize_feedback,
)
from harness.lifecycle.feedback.log_part import ComplaintDecision, ComplaintOutcome, LogPart, OutputJudgement, SuiteRun
from harness.lifecycle.feedback.row_parser import USUAL_COLUMNS, RowContext
from harness.lifecycle.feedback.service_periods import ServicePeriod, find_model, list_periods

__all__ = [
    "LOWER_IS_BETTER",
    "MEASURES",
    "TIME_STEPS",
    "USUAL_COLUMNS",
    "AnswerFeedback",
    "Complaint",
    "ComplaintDecision",
    "ComplaintOutcome",
    "ComplaintRate",
    "ComplaintState",
    "ComplaintTrail",
    "CorrectedRow",
    "FeedbackChange",
    "FeedbackLog",
    "FeedbackNumber",
    "FeedbackRows",
    "FeedbackStore",
    "FeedbackSummary",
    "LogPart",
    "MeasuredFeedback",
    "OutputJudgement",
    "PeriodFeedback",
    "ReviewedComplaints",
    "RowContext",
    "ServicePeriod",
    "SliceFeedback",
    "StepFeedback",
    "StepKind",
    "SuiteRun",
    "TimeStep",
    "TrailStep",
    "compare_feedback",
    "export_complaints",
    "find_model",
    "follow_complaint",
    "import_complaint_ratings",
    "list_periods",
    "measure_feedback",
    "read_answers",
    "read_feedback_file",
    "read_feedback_rows",
    "summarize_feedback",
]
