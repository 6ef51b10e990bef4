"""The path, drawn. Everything from AWS or a backend is text here, never markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from runbook import command_line, present
from runbook.trace.links import LinkUse
from runbook.trace.model import Hop, State, Trace

__all__ = ["draw", "draw_links", "table"]

SYMBOLS = {
    State.OK: "✓",
    State.BROKEN: "✗",
    State.SUSPICIOUS: "!",
    State.NOT_REACHED: "·",
    State.UNKNOWN: "?",
}
STYLES = {
    State.OK: "green",
    State.BROKEN: "bold red",
    State.SUSPICIOUS: "yellow",
    State.NOT_REACHED: "dim",
    State.UNKNOWN: "magenta",
}


def draw(trace: Trace, account: Mapping[str, str] | None = None, shell: str = "") -> RenderableType:
    """The whole trace: the request, its way, and what to do.

    ``account``: the options that choose it. ``shell``: what makes the AWS CLI ask it, where that is no account of AWS.
    """
    parts: list[RenderableType] = [_heading(trace), _Path(trace), _conclusion(trace, account or {}, shell)]
    if trace.test_invoke is not None:
        called = trace.test_invoke
        head = called.problem or f"status {called.status}, {called.latency} ms, of what is configured"
        parts += [Text(f"\nTestInvokeMethod: {head}", style="bold"), Text(called.log.rstrip())]
    if trace.logs is not None:
        parts += [Text("\nExecution log", style="bold"), *(Text(line) for line in trace.logs)]
    parts += [Text(note, style="dim") for note in trace.notes]
    return Group(*parts)


def _heading(trace: Trace) -> Text:
    return Text.assemble((f"{trace.method} ", "bold"), (trace.url, "underline"), "\n", f"{trace.answer}", "\n")


class _Path:
    """The hops below one another, joined as far as the request gets."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw a hop's symbol and name, its evidence beside the line, and what mends it."""
        cut = False
        last = self.trace.hops[-1].id
        for hop in self.trace.hops:
            cut = cut or hop.id == self.trace.verdict
            yield Text.assemble(
                (f"{SYMBOLS[hop.state]} ", STYLES[hop.state]),
                (hop.id, STYLES[hop.state] if hop.state is not State.OK else "bold"),
                ("  ← here it breaks" if hop.id == self.trace.verdict else "", "bold red"),
            )
            rail = "  " if hop.id == last else "╎ " if cut else "│ "
            for line in _detail(hop).wrap(console, max(20, options.max_width - 2), overflow="fold"):
                yield Text.assemble((rail, "dim"), line)


def _detail(hop: Hop) -> Text:
    detail = Text(hop.evidence, style="dim" if hop.state in (State.OK, State.NOT_REACHED) else "")
    for advice in hop.advice:
        detail.append(f"\n(advice) {advice}", style="dim italic")
    return detail


def _conclusion(trace: Trace, account: Mapping[str, str], shell: str) -> RenderableType:
    parts: list[RenderableType] = []
    if trace.verdict is not None:
        parts.append(Text.assemble("\nVerdict: ", (trace.verdict, "bold red")))
    elif trace.fine and all(hop.state is State.NOT_REACHED for hop in trace.hops[1:]):
        parts.append(Text(f"\nAnswered: {trace.status} in {trace.latency} ms. Nothing more was looked at."))
    elif trace.exit_code == 0:
        parts.append(Text.assemble("\n", ("Healthy", "bold green"), f": {trace.status} in {trace.latency} ms"))
    elif trace.exit_code == 3:
        parts.append(Text("\nIt works, but look at what is marked with !", style="yellow"))
    else:
        parts.append(Text("\nNo verdict: what breaks it could not be told.", style="magenta"))
    troubled = [hop for hop in trace.hops if hop.state in (State.BROKEN, State.SUSPICIOUS)]
    if shell and any(hop.command for hop in troubled):
        # Before the commands: whoever pastes from the top must not ask real AWS.
        parts += [Text("\nThe AWS CLI asks this practice account after:", style="dim"), _command(shell)]
    for hop in sorted(troubled, key=lambda hop: hop.id != trace.verdict):
        if not (hop.fix or hop.command):
            continue
        parts.append(Text.assemble("\n", (hop.id, STYLES[hop.state]), f": {hop.fix}" if hop.fix else ""))
        # Commands are copied: they are not wrapped into pieces, whatever the width. Print them with crop=False.
        steps = [
            command_line.runbook("step", step, "do", stack=trace.stack, region=trace.region, **account)
            for step in hop.steps
        ]
        parts += map(_command, [*hop.command.splitlines(), *filter(None, steps)])
    return Group(*parts)


def _command(line: str) -> Text:
    return Text(f"  {line}", style="cyan", no_wrap=True, overflow="ignore")


def table(trace: Trace) -> Table:
    """The hops as a table, for notebooks, which draw it themselves: so it holds nothing that a terminal would obey."""
    drawn = Table("", "hop", "state", "evidence", "fix", title=_safe(f"{trace.method} {trace.url}"))
    for hop in trace.hops:
        style = STYLES[hop.state]
        drawn.add_row(
            Text(SYMBOLS[hop.state], style=style),
            Text(hop.id),
            Text(hop.state.value, style=style),
            _safe("\n".join((hop.evidence, *(f"(advice) {each}" for each in hop.advice)))),
            _safe("\n".join(filter(None, (hop.fix, hop.command)))),
        )
    verdict = f"verdict: {trace.verdict}" if trace.verdict else "no verdict"
    drawn.caption = _safe(f"{trace.answer}; {verdict}")
    return drawn


def _safe(text: str) -> Text:
    return Text(present.safe(text))


def draw_links(uses: tuple[LinkUse, ...], url: Callable[[LinkUse], str] = lambda _: "") -> RenderableType:
    """The VPC links, and below each what uses it, with the ``url`` of that."""
    if not uses:
        return Text("There are no VPC links, and no method names one.")
    parts: list[RenderableType] = [
        Text("VPC link, name, kind, status  → load balancer", style="dim"),
        Text("  API, stage, method and path, whether that is deployed, invoke URL\n", style="dim"),
    ]
    for link, of_link in groupby(uses, key=lambda use: use.link):
        those = list(of_link)
        first = those[0]
        parts.append(
            Text.assemble(
                (link, "bold"),
                f" {first.name}".rstrip(),
                f"  {first.version} {first.status}" if first.version else "  no link of this id",
                f"  → {first.load_balancer.rpartition('loadbalancer/')[2] or '?'}",
            )
        )
        for use in those:
            kind = {"HTTP": "  HTTP API", "WEBSOCKET": "  WebSocket API"}.get(use.kind, "")
            route = f"{use.method} {use.resource}".lstrip()
            where = f"{use.api} {use.api_name}{kind}  {use.stage or '(no stage)'}  {route}  "
            told = f"  {where}{_how(use)}  {url(use)}".rstrip() if use.api else "  not used"
            parts.append(Text(told, style="dim"))
    return Group(*parts)


def _how(use: LinkUse) -> str:
    if use.deployed is None:
        return "configured; deployed by hand, which is not looked at"
    if use.deployed and use.configured:
        return "deployed"
    return "deployed, no longer configured" if use.deployed else "only configured"
