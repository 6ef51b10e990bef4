"""Training: a finished stack on a practice account is broken in one real way, and the trainee finds and mends it.

A drill is a module of plain functions in :mod:`drills.catalogue`, read by :mod:`drills.model`. :mod:`drills.training`
starts, judges and resets one; :mod:`drills.session` keeps what a trainee did; :mod:`drills.exam` is several in a row.
"""

__all__ = ["STACK"]

STACK = "drill"
"""The stack that drills break, unless another is named."""
