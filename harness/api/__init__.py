"""The typed Python interface. `from harness import …` offers the main names; the others are imported from here.

They are loaded on first use: to import all of them takes 0.8 s, and a command needs few.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api.anonymizing import Anonymization, anonymize_data, measure_recall, restore_data
    from harness.api.approving import ApprovedVerdict, approve
    from harness.api.auditing import audit
    from harness.api.catalogs import load_strategy, load_task, open_catalog
    from harness.api.comparing import compare, plan
    from harness.api.complaint_checks import check_complaints
    from harness.api.complaint_reviews import export_complaint_review, import_complaint_review
    from harness.api.complaints import decide_complaints, follow_complaint, list_complaints
    from harness.api.curve_training import CurveTraining, find_curve_training, start_in_background
    from harness.api.data_amounts import data_enough
    from harness.api.data_cards import write_data_card
    from harness.api.data_checks import CleanedFile, check_data, clean_data
    from harness.api.drafting import MOST_INSPECTED_ROWS, parse_task, read_included_model, read_shipped_prompt
    from harness.api.experiments import (
        assign_variant,
        assign_variants,
        open_experiment,
        plan_experiment,
        read_ab_test,
        read_registered_sides,
    )
    from harness.api.exporting import FinishedListener, export
    from harness.api.external_scoring import score
    from harness.api.forecasting import dry_run, forecast, list_forecasts
    from harness.api.gates import NotPassedError, draft_policy, gate, promote
    from harness.api.importing import import_results
    from harness.api.judges import JudgePlan, judge, judge_findings, plan_judge
    from harness.api.labelling import LabelFile, LabelledRows, choose_rows_to_label, save_labelled_rows
    from harness.api.loaded_run import Run, load_run
    from harness.api.locking import LockedTestSet, lock_test_set
    from harness.api.many_runs import list_runs, open_viewer, prune_runs, select_prunable, write_site
    from harness.api.mirroring import Mirror, check_mirror, mirror_models
    from harness.api.model_history import history, rollback, verify_registry
    from harness.api.model_stages import list_models, set_stage
    from harness.api.predicting import Champion, champion, predict, predict_stream
    from harness.api.records import RecordCheck, SignedRecord, verify_record, write_record
    from harness.api.requested_runs import run_request, stored_request
    from harness.api.retraining import list_retrainings, retrain
    from harness.api.reviews import (
        review_adjudicate,
        review_exclude,
        review_export,
        review_harvest,
        review_import,
        review_plan,
        review_status,
    )
    from harness.api.run_files import pack, verify
    from harness.api.serving import export_registered
    from harness.api.shadowing import ShadowAnswers, shadow
    from harness.api.training_files import export_data
    from harness.api.training_runs import run
    from harness.api.user_feedback import AddedFeedback, add_feedback, harvest_feedback, show_feedback
    from harness.api.watching import store_fingerprint, watch
    from harness.api.written_results import hub_eval_results, lm_eval_results
    from harness.cache import use_cache_folder

__all__ = [
    "MOST_INSPECTED_ROWS",
    "AddedFeedback",
    "Anonymization",
    "ApprovedVerdict",
    "Champion",
    "CleanedFile",
    "CurveTraining",
    "FinishedListener",
    "JudgePlan",
    "LabelFile",
    "LabelledRows",
    "LockedTestSet",
    "Mirror",
    "NotPassedError",
    "RecordCheck",
    "Run",
    "ShadowAnswers",
    "SignedRecord",
    "add_feedback",
    "anonymize_data",
    "approve",
    "assign_variant",
    "assign_variants",
    "audit",
    "champion",
    "check_complaints",
    "check_data",
    "check_mirror",
    "choose_rows_to_label",
    "clean_data",
    "compare",
    "data_enough",
    "decide_complaints",
    "draft_policy",
    "dry_run",
    "export",
    "export_complaint_review",
    "export_data",
    "export_registered",
    "find_curve_training",
    "follow_complaint",
    "forecast",
    "gate",
    "harvest_feedback",
    "history",
    "hub_eval_results",
    "import_complaint_review",
    "import_results",
    "judge",
    "judge_findings",
    "list_complaints",
    "list_forecasts",
    "list_models",
    "list_retrainings",
    "list_runs",
    "lm_eval_results",
    "load_run",
    "load_strategy",
    "load_task",
    "lock_test_set",
    "measure_recall",
    "mirror_models",
    "open_catalog",
    "open_experiment",
    "open_viewer",
    "pack",
    "parse_task",
    "plan",
    "plan_experiment",
    "plan_judge",
    "predict",
    "predict_stream",
    "promote",
    "prune_runs",
    "read_ab_test",
    "read_included_model",
    "read_registered_sides",
    "read_shipped_prompt",
    "restore_data",
    "retrain",
    "review_adjudicate",
    "review_exclude",
    "review_export",
    "review_harvest",
    "review_import",
    "review_plan",
    "review_status",
    "rollback",
    "run",
    "run_request",
    "save_labelled_rows",
    "score",
    "select_prunable",
    "set_stage",
    "shadow",
    "show_feedback",
    "start_in_background",
    "store_fingerprint",
    "stored_request",
    "use_cache_folder",
    "verify",
    "verify_record",
    "verify_registry",
    "watch",
    "write_data_card",
    "write_record",
    "write_site",
]
_NAMES = {  # by module, what is loaded from it on first use
    "harness.api.anonymizing": "Anonymization anonymize_data measure_recall restore_data",
    "harness.api.approving": "ApprovedVerdict approve",
    "harness.api.auditing": "audit",
    "harness.api.catalogs": "load_strategy load_task open_catalog",
    "harness.api.comparing": "compare plan",
    "harness.api.complaint_checks": "check_complaints",
    "harness.api.complaint_reviews": "export_complaint_review import_complaint_review",
    "harness.api.complaints": "decide_complaints follow_complaint list_complaints",
    "harness.api.curve_training": "CurveTraining find_curve_training start_in_background",
    "harness.api.data_amounts": "data_enough",
    "harness.api.data_cards": "write_data_card",
    "harness.api.data_checks": "CleanedFile check_data clean_data",
    "harness.api.drafting": "MOST_INSPECTED_ROWS parse_task read_included_model read_shipped_prompt",
    "harness.api.experiments": "assign_variant assign_variants open_experiment plan_experiment read_ab_test read_registered_sides",
    "harness.api.exporting": "FinishedListener export",
    "harness.api.external_scoring": "score",
    "harness.api.forecasting": "dry_run forecast list_forecasts",
    "harness.api.gates": "NotPassedError draft_policy gate promote",
    "harness.api.importing": "import_results",
    "harness.api.judges": "JudgePlan judge judge_findings plan_judge",
    "harness.api.labelling": "LabelFile LabelledRows choose_rows_to_label save_labelled_rows",
    "harness.api.loaded_run": "Run load_run",
    "harness.api.locking": "LockedTestSet lock_test_set",
    "harness.api.many_runs": "list_runs open_viewer prune_runs select_prunable write_site",
    "harness.api.mirroring": "Mirror check_mirror mirror_models",
    "harness.api.model_history": "history rollback verify_registry",
    "harness.api.model_stages": "list_models set_stage",
    "harness.api.predicting": "Champion champion predict predict_stream",
    "harness.api.records": "RecordCheck SignedRecord verify_record write_record",
    "harness.api.requested_runs": "run_request stored_request",
    "harness.api.retraining": "list_retrainings retrain",
    "harness.api.reviews": "review_adjudicate review_exclude review_export review_harvest review_import review_plan review_status",
    "harness.api.run_files": "pack verify",
    "harness.api.serving": "export_registered",
    "harness.api.shadowing": "ShadowAnswers shadow",
    "harness.api.training_files": "export_data",
    "harness.api.training_runs": "run",
    "harness.api.user_feedback": "AddedFeedback add_feedback harvest_feedback show_feedback",
    "harness.api.watching": "store_fingerprint watch",
    "harness.api.written_results": "hub_eval_results lm_eval_results",
    "harness.cache": "use_cache_folder",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
