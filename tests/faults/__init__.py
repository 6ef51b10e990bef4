"""What a run must survive: a proxy that disturbs it, an account to look at afterwards, and a table of what held.

``python -m tests.faults`` tries every position; a sample of each row runs as ordinary tests.
"""
