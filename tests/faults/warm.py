"""Imported once, before the command line is forked: what a run would import and read first."""

import functools
import gc

import boto3
import botocore.endpoint
import botocore.httpsession  # noqa: F401
import httpx  # noqa: F401
import rich.live
import rich.spinner  # noqa: F401
import yaml  # noqa: F401
from botocore.loaders import JSONFileLoader

import runbook.accounts
import runbook.cli.account
import runbook.cli.runs
import runbook.cli.show
import runbook.cli.tracing
import runbook.engine
import runbook.log  # noqa: F401
import steps  # noqa: F401

from . import rows  # noqa: F401

# botocore's service models are files that do not change: read once here, they are there in every fork.
_read = functools.cache(JSONFileLoader()._load_file)
JSONFileLoader._load_file = lambda _self, path, method: _read(path, method)  # type: ignore[method-assign]
for _service in ("ec2", "elbv2", "apigateway", "sts"):
    boto3.Session("none", "none", region_name="us-east-1").client(_service)  # type: ignore[call-overload]

gc.freeze()  # else a fork's first collection would touch, and so copy, every page
