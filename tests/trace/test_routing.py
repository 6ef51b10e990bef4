"""Trace and the practice account send a request to the same method, though neither knows the other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from practice.apigateway.snapshot import Snapshot
from practice.dataplane.routing import match as practised
from runbook.path.configuration import Configuration, Guard, Method
from runbook.trace.routing import match as traced

SEGMENTS = st.sampled_from(["a", "b", "{p}", "ab"])
TEMPLATES = st.builds(
    lambda segments, greedy: "/" + "/".join([*segments, *(["{rest+}"] if greedy else [])]),
    st.lists(SEGMENTS, max_size=3),
    st.booleans(),
)
APIS = st.dictionaries(TEMPLATES, st.sets(st.sampled_from(["GET", "POST", "ANY"]), min_size=1, max_size=2), max_size=6)
PARTS = st.sampled_from(["a", "b", "ab", "c", "", "%2F", "{p}"])
PATHS = st.lists(PARTS, max_size=5).map(lambda parts: "/" + "/".join(parts))


@settings(max_examples=400)
@given(api=APIS, verb=st.sampled_from(["GET", "POST", "OPTIONS"]), path=PATHS)
@example(api={"/a/{p}/b": {"GET"}}, verb="GET", path="/a//b")
@example(api={"/{p}/{rest+}": {"ANY"}}, verb="GET", path="//b")
@example(api={"/{rest+}": {"ANY"}}, verb="GET", path="//")
@example(api={"/a/{rest+}": {"ANY"}}, verb="GET", path="/a/")
def test_both_routers_meet_the_same_method(api: dict[str, set[str]], verb: str, path: str) -> None:
    methods = [Method(template, each, Guard(), None) for template, verbs in api.items() for each in verbs]
    found = traced(Configuration({str(method): method for method in methods}), verb, path)
    routes = {
        template: SimpleNamespace(path=template, methods={each: f"{each} {template}" for each in verbs})
        for template, verbs in api.items()
    }
    met = practised(cast("Snapshot", cast("Any", SimpleNamespace(routes=routes))), verb, path)
    assert (str(found.method) if found and found.method else None) == (met.method if met else None)
    if met and found:
        assert dict(found.values) == dict(met.path_parameters)
