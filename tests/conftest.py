"""A practice account for one test, in this process, whose clock moves when somebody waits."""

from __future__ import annotations

import functools
import gc
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from practice.clock import ManualClock
    from practice.server import Account
    from runbook.aws import Aws
    from tests.stack import Ended, Stack

# moto and boto3 are imported only by the tests that need an account.

# A property is tried with the same examples in every run, or a commit would be refused for what it did not change;
# `make fuzz` looks for new ones.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.filter_too_much,
    ],
)
hypothesis.settings.register_profile(
    "fuzz", hypothesis.settings.get_profile("suite"), derandomize=False, max_examples=5000, print_blob=True
)
hypothesis.settings.load_profile("suite")

# Whoever starts the tests may have Ctrl-C ignored, as a shell's background job has; programs started here inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# With moto, botocore's descriptions and Textual in memory, each full collection takes a fifth of a second.
gc.set_threshold(50_000, 20, 20)

# With Jupyter, jsonschema finds this and compiles a grammar of URLs for a second, in every worker; it does without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # Python's way to say: not there


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Logs of runs in this process go where they are nobody's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNBOOK_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """What is the same in every test and is read again by each session of botocore, or each call of httpx.

    botocore's descriptions of the services take a fifth of a second, all the world's certificates a fiftieth.
    """
    import botocore.loaders
    import botocore.session

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.loaders.create_loader))
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session")
def _connected() -> Callable[[int], Aws]:
    """Making boto3's clients takes longer than most tests, so that they are made once, for one address."""
    made: dict[int, Aws] = {}

    def connected(port: int) -> Aws:
        from runbook.accounts import Kind, connect
        from runbook.parameters import Parameters

        if port not in made:
            made[port] = connect(Kind.PRACTICE, Parameters(), endpoint_url=f"http://127.0.0.1:{port}").aws
        return made[port]

    return connected


@pytest.fixture(scope="session")
def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def practice_clock() -> ManualClock:
    from practice.clock import ManualClock

    return ManualClock()


@pytest.fixture
def practice_account(practice_clock: ManualClock, _port: int) -> Iterator[Account]:
    from practice.server import serve

    with serve(_port, clock=practice_clock) as account:
        yield account


@pytest.fixture
def stack(practice_account: Account, practice_clock: ManualClock, _connected: Callable[[int], Aws]) -> Iterator[Stack]:
    """A stack of which nothing is there yet."""
    from runbook.control import Control
    from tests.stack import Hurry, Stack

    aws = _connected(int(practice_account.url.rpartition(":")[2]))
    aws.control = Hurry(practice_clock)
    yield Stack(practice_account, aws, practice_clock)
    aws.control = Control()


@pytest.fixture
def finished(stack: Stack) -> Stack:
    """A stack that is as it should be."""
    ended: Ended = stack.up()
    assert ended.finished.worst is None, {name: ended.reason(name) for name in ended.unlike_ok}
    return stack


def pytest_unconfigure() -> None:
    """Collect once; pytest is about to do so five times, a third of a second each with all that tests have loaded."""
    gc.collect()
    gc.freeze()


# --- order ------------------------------------------------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take long, one worker each, so that the others fill the time while those wait.

    A worker begins at the head of its share of the list, as xdist's worksteal deals it out, and what it has not begun
    when another is idle is given to that one.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = sorted((item for item in items if _seconds(item)), key=_seconds, reverse=True)
    others = [item for item in items if not _seconds(item)]
    heads: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for item in long:
        min(heads, key=lambda head: sum(map(_seconds, head))).append(item)
    left = len(items)
    items.clear()
    for number, head in enumerate(heads):
        size = left // (workers - number)
        rest = max(size - len(head), 0)
        items += head + others[:rest]
        others = others[rest:]
        left -= size
    items += others


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("waits")
    return float(mark.args[0]) if mark else 0.0
