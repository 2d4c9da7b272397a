"""The results of a stored run, by task and by strategy: scores, comparisons with the base model, costs. Read once, when needed.

results = RunResults(open_run(Path("runs"), "latest").folder)
for strategy in results.by_task["summarization"].strategies:
    print(strategy.label, strategy.primary, strategy.costs)
"""

from harness.results.acceptable import CRITICAL_ERROR_SCORES, acceptable_share, list_acceptance_scores
from harness.results.break_even import BreakEven, BreakEvenCode, CostRange, UseAmounts
from harness.results.costs import PHASES, StrategyCosts, TotalCost, costs_of_a_run, costs_over_tasks, sum_of_known, total_cost
from harness.results.finished_cell import FinishedCell, find_cell
from harness.results.leak_tests import EXPOSURE, EXTRACTION, LEAK_BOUNDS, LEAK_METRICS, LeakTest, leak_cost
from harness.results.pairing import MetricMismatch, Pairing, check_same_examples, require_examples, shared_metrics
from harness.results.replacements import HostedReplacement, costs_to_choose_by, list_replacements
from harness.results.run_results import RunResults
from harness.results.search_findings import BestSoFar, FieldFinding, SearchFindings, TrialFinding, TrialStanding, ValueRange
from harness.results.search_summary import LEARNING_RATE, RaceDrop, RateRatio, SearchSummary
from harness.results.searches import SearchTrial, StrategySearch, TrialPart, load_searches
from harness.results.served_costs import ServedCosts, compute_served_costs
from harness.results.serving_costs import ServingCosts, TimeQuantile, compute_serving_costs
from harness.results.slices import MOST_VALUES, candidate_slices, select_examples, slice_examples
from harness.results.strategy_result import CellProblem, StrategyResult
from harness.results.task_results import TaskResults
from harness.results.task_scores import TaskScores, equally_wide, example_metric_of, is_error_rate
from harness.results.trivial import TrivialBaseline, TrivialKind
from harness.results.trivial_gain import TrivialGain, compare_with_trivial
from harness.results.use_costs import Payback, UseCosts, compute_payback, compute_use_costs, monthly_price

__all__ = [
    "CRITICAL_ERROR_SCORES",
    "EXPOSURE",
    "EXTRACTION",
    "LEAK_BOUNDS",
    "LEAK_METRICS",
    "LEARNING_RATE",
    "MOST_VALUES",
    "PHASES",
    "BestSoFar",
    "BreakEven",
    "BreakEvenCode",
    "CellProblem",
    "CostRange",
    "FieldFinding",
    "FinishedCell",
    "HostedReplacement",
    "LeakTest",
    "MetricMismatch",
    "Pairing",
    "Payback",
    "RaceDrop",
    "RateRatio",
    "RunResults",
    "SearchFindings",
    "SearchSummary",
    "SearchTrial",
    "ServedCosts",
    "ServingCosts",
    "StrategyCosts",
    "StrategyResult",
    "StrategySearch",
    "TaskResults",
    "TaskScores",
    "TimeQuantile",
    "TotalCost",
    "TrialFinding",
    "TrialPart",
    "TrialStanding",
    "TrivialBaseline",
    "TrivialGain",
    "TrivialKind",
    "UseAmounts",
    "UseCosts",
    "ValueRange",
    "acceptable_share",
    "candidate_slices",
    "check_same_examples",
    "compare_with_trivial",
    "compute_payback",
    "compute_served_costs",
    "compute_serving_costs",
    "compute_use_costs",
    "costs_of_a_run",
    "costs_over_tasks",
    "costs_to_choose_by",
    "equally_wide",
    "example_metric_of",
    "find_cell",
    "is_error_rate",
    "leak_cost",
    "list_acceptance_scores",
    "list_replacements",
    "load_searches",
    "monthly_price",
    "require_examples",
    "select_examples",
    "shared_metrics",
    "slice_examples",
    "sum_of_known",
    "total_cost",
]
