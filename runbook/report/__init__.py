"""A report of one run, from its log: for people who were not there.

:func:`find` and :func:`read` a log, then :func:`markdown` or :func:`html`. The HTML needs no network and no other file.
"""

from runbook.report.htmlpage import html
from runbook.report.markdown import markdown
from runbook.report.reading import Call, Record, StepRecord, find, read, recorded

__all__ = ["Call", "Record", "StepRecord", "find", "html", "markdown", "read", "recorded"]
