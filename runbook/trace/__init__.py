"""Why does it answer 500? A trace follows the request hop by hop and names the hop that breaks it."""

from runbook.trace.links import LinkUse, links
from runbook.trace.model import HOPS, Finding, Hop, State, Symptom, Trace, Weight
from runbook.trace.target import Target, parse_target
from runbook.trace.tracing import trace

__all__ = [
    "HOPS",
    "Finding",
    "Hop",
    "LinkUse",
    "State",
    "Symptom",
    "Target",
    "Trace",
    "Weight",
    "links",
    "parse_target",
    "trace",
]
