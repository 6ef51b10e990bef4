"""The engine: parameters, facts and their order, events, the AWS session, and the command line.

Nothing here but :mod:`runbook.cli` (a face) knows the steps, the TUI or the practice account.
"""
