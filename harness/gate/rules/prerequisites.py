"""What must hold before scores are compared: no leakage, enough data, and evaluations within the plan."""

from __future__ import annotations

from harness.gate.gate_input import GateInput
from harness.gate.policies import Policy
from harness.gate.registry import Look
from harness.gate.test_set import find_leaked_examples
from harness.gate.verdict import JudgedRule, Reason, RuleVerdict

_ALWAYS_ENOUGH = 30  # the default of a policy's `rows`; a verdict lists the requirement only if it is higher, or not met
_MOST_IDS = 3


def check_prerequisites(case: GateInput, look: Look) -> list[RuleVerdict]:
    """The verdicts on evaluations, leakage, classes, test examples and seeds, in this order."""
    return [*check_looks(case.policy, look), *_check_leakage(case), *_check_classes(case), *_check_data(case)]


def check_looks(policy: Policy, look: Look) -> list[RuleVerdict]:
    """Whether this evaluation of the test set is within the plan, and so is the α of all planned ones, whose plans may have changed."""
    if policy.looks is None:
        return []
    rule = JudgedRule("looks", threshold=policy.looks)
    if look.number > policy.looks:
        return [RuleVerdict(rule, "INCONCLUSIVE", Reason("look_exceeded", {"look": look.number}))]
    if exceeds(look.planned_alpha, policy.alpha):
        return [RuleVerdict(rule, "INCONCLUSIVE", Reason("alpha_exceeded", {"spent": look.planned_alpha, "alpha": policy.alpha}))]
    return []


def exceeds(spent: float, alpha: float) -> bool:
    """Whether more α is spent than there is, apart from rounding."""
    return spent > alpha * (1 + 1e-9)


def _check_leakage(case: GateInput) -> list[RuleVerdict]:
    """No model may have been trained on a test example.

    For external outputs, and for models that were tuned elsewhere, this is unknown, and not required. A run that was packed without its
    key cannot tell, which is not enough.
    """
    rule = JudgedRule("no_leakage")
    sides = {"candidate": case.candidate, "baseline": case.baseline}
    present = {name: side for name, side in sides.items() if side is not None}
    unknown = tuple(name for name, side in present.items() if side.external or side.is_artifact)
    verdicts, packed = [], []
    for name, side in present.items():
        leaked = [] if name in unknown else find_leaked_examples(side, case.candidate.examples)
        if leaked is None:
            packed.append(name)
        elif leaked:
            reason = Reason("trained_on", {"count": len(leaked)}, {"sides": (name,)})
            verdicts.append(RuleVerdict(rule, "FAIL", reason, n=len(leaked), example_ids=tuple(leaked[:_MOST_IDS])))
    if verdicts or len(unknown) == len(present) or case.candidate.foreign_weights is not None:  # of which a note says what is not known
        return verdicts
    if packed:
        return [RuleVerdict(rule, "INCONCLUSIVE", Reason("training_inputs_unknown", texts={"sides": tuple(packed)}))]
    return [RuleVerdict(rule, "PASS", Reason("not_trained_on", texts={"unknown_sides": unknown}))]


def _check_classes(case: GateInput) -> list[RuleVerdict]:
    """A test set with a single class cannot tell a model from one that always answers this class."""
    labels = {example.targets[0] for example in case.candidate.examples if example.targets}
    if not case.candidate.task.chooses or len(labels) != 1:
        return []
    reason = Reason("single_class", texts={"label": tuple(labels)})
    return [RuleVerdict(JudgedRule("two_classes"), "INCONCLUSIVE", reason, n=len(case.candidate.examples))]


def _check_data(case: GateInput) -> list[RuleVerdict]:
    verdicts, n, seeds = [], len(case.candidate.examples), len(case.recipe.done)
    policy = case.policy
    if n < policy.rows or policy.rows > _ALWAYS_ENOUGH:
        rule = JudgedRule("min_examples", threshold=policy.rows)
        verdicts.append(_check_number(rule, n, n >= policy.rows, n=n, examples_needed=policy.rows if n < policy.rows else None))
    if policy.seeds > 1:
        rule = JudgedRule("min_seeds", threshold=policy.seeds)
        verdicts.append(_check_number(rule, seeds, seeds >= policy.seeds or not case.recipe.varies_by_seed))
    return verdicts


def _check_number(rule: JudgedRule, present: int, enough: bool, *, n: int = 0, examples_needed: int | None = None) -> RuleVerdict:
    reason = Reason("enough" if enough else "too_few", {"present": present})
    return RuleVerdict(rule, "PASS" if enough else "INCONCLUSIVE", reason, n=n, examples_needed=examples_needed)
