"""Imported once, before the command line is forked: what a run would import first."""

import boto3  # noqa: F401
import botocore.endpoint
import botocore.httpsession  # noqa: F401
import httpx  # noqa: F401
import rich.live
import rich.spinner  # noqa: F401
import yaml  # noqa: F401

import runbook.accounts
import runbook.cli.show
import runbook.cli.signals
import runbook.engine  # noqa: F401
import steps  # noqa: F401

from . import rows  # noqa: F401
