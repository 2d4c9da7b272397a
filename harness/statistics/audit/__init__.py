"""What are the numbers of a report worth on these data? Simulations of the report's own procedures, in worlds whose truth is known."""

from harness.statistics.audit.audit import audit_report
from harness.statistics.audit.audit_result import Audit, AuditCheck, CheckKind, Rate, SkippedCheck, SkipReason
from harness.statistics.audit.study import AuditedClaim, AuditedStrategy

__all__ = [
    "Audit",
    "AuditCheck",
    "AuditedClaim",
    "AuditedStrategy",
    "CheckKind",
    "Rate",
    "SkipReason",
    "SkippedCheck",
    "audit_report",
]
