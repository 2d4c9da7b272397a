"""What reports show, as plain values: no sentences, no formatting. `wording` has the sentences, `formats` and `terminal` print them."""

from harness.reporting.views.audit_view import TRIVIAL, RunAudit, TaskAudit, audit_run
from harness.reporting.views.data_card import DataCard, DataFile
from harness.reporting.views.data_enough import (
    FEW_TO_JUDGE,
    CurveOutlook,
    DataEnough,
    DataPart,
    LabelPrice,
    SizeOutlook,
    build_data_enough,
)
from harness.reporting.views.overview import OverallGain, OverviewRow, build_overview_rows, compute_overall_gains
from harness.reporting.views.recall_view import KindRecall, build_recall
from harness.reporting.views.report_view import Provenance, Report, RunPrice, build_report_view
from harness.reporting.views.service_history import (
    Happening,
    HappeningKind,
    ModelLife,
    ServiceHistory,
    ServiceScore,
    StageSpan,
    trace_service,
)
from harness.reporting.views.site_view import Site, SiteTask, build_site, site_page_name
from harness.reporting.views.task_outcome import ScoreName, TaskOutcome, TrivialReference, build_task_outcome
from harness.reporting.views.task_view import TaskView

__all__ = [
    "FEW_TO_JUDGE",
    "TRIVIAL",
    "CurveOutlook",
    "DataCard",
    "DataEnough",
    "DataFile",
    "DataPart",
    "Happening",
    "HappeningKind",
    "KindRecall",
    "LabelPrice",
    "ModelLife",
    "OverallGain",
    "OverviewRow",
    "Provenance",
    "Report",
    "RunAudit",
    "RunPrice",
    "ScoreName",
    "ServiceHistory",
    "ServiceScore",
    "Site",
    "SiteTask",
    "SizeOutlook",
    "StageSpan",
    "TaskAudit",
    "TaskOutcome",
    "TaskView",
    "TrivialReference",
    "audit_run",
    "build_data_enough",
    "build_overview_rows",
    "build_recall",
    "build_report_view",
    "build_site",
    "build_task_outcome",
    "compute_overall_gains",
    "site_page_name",
    "trace_service",
]
