"""Copies of a practice account: a fork has all of moto's state, and changes to it stay in the fork.

So a stack is built once, by whoever, and each fault is tried on a copy of its own. The process of the machines is
shared: the copy and the original take turns, and each tells it anew how its machines are set.

What a client learns of a service's model when it is first used takes longer than a fault, and a copy would learn it
anew each time: so the clients of all copies are the same, for one address, and have been used before.
"""

from __future__ import annotations

import gc
import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from unittest.mock import patch

import practice.machines
import practice.server
from practice.dataplane import destinations
from practice.elbv2 import health
from practice.server import serve
from tests.trace.conftest import Stack, clients, http, port

T = TypeVar("T")


def warm_up(stack: Stack, work: Callable[[Stack], object]) -> None:
    """Do this, which changes nothing, to the account itself, but with the clients of its copies."""
    with patch.object(practice.machines, "reset"), _copy(stack) as same:
        work(same)


def in_a_copy(stack: Stack, work: Callable[[Stack], T]) -> T:
    """Do this to a copy of the account, in a process of its own. Raises AssertionError with what went wrong there."""
    reading, writing = os.pipe()
    gc.freeze()  # else the copy's first collection would touch, and so copy, every page
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            stack.clock.stop()
            _share_the_machines()
            _renew_the_pools()
            try:
                with _copy(stack) as copy:
                    result: tuple[bool, Any] = True, work(copy)
            except BaseException:
                result = False, traceback.format_exc()
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(result, pipe)
        finally:
            os._exit(0)  # nothing of the parent's is to be ended or flushed
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    practice.machines.forget_ports()
    assert answer, "the copy ended without an answer"
    done, value = pickle.loads(answer)
    assert done, value
    return value  # type: ignore[no-any-return]


def _renew_the_pools() -> None:
    """A fork has none of its parent's threads, and a pool would wait for those that it had."""
    health._beside = ThreadPoolExecutor(16)
    destinations._resolving = ThreadPoolExecutor(8)


def _share_the_machines() -> None:
    child = practice.machines._process._child
    if child is not None:
        child.poll = lambda: None  # type: ignore[method-assign]  # to a fork, who is no child of its own looks dead
    practice.machines.forget_ports()


@contextmanager
def _copy(stack: Stack) -> Iterator[Stack]:
    with patch.object(practice.server, "reset"), serve(port(of="copies"), clock=stack.clock, quotas=False) as account:
        said = http.get(f"{account.url}/_practice").json()
        aws = clients(account.url, said["invoke_url"])
        aws.pace = stack.aws.pace
        yield replace(stack, account=account, aws=aws, said=said)
