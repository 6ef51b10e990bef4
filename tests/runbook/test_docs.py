"""The documentation: what it links to is there, and each command in it is one that the command line knows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer

from runbook.cli import app
from runbook.price import Price
from steps.tracks import TRACKS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
# What stands for a value of the reader's.
STOOD_FOR = {"FILE": "file.md", "NAME": "target-group", "DIR": "dir", "N": "4566", "PORT": "4566", "ID": "0", "…": ""}


def commands_in(page: Path) -> Iterator[tuple[int, str, bool]]:
    """Every ``runbook …`` of consoles, of CI recipes and in code within the text (there it may just be named)."""
    text = page.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r"\s*(?:\$ |- run: )(?:.*\$\()?\"?(?:\.venv/bin/)?(?=runbook )", line)
        if found:
            yield number, line[found.end() :], False
        for inside in re.findall(r"(?<!`)`((?:\.venv/bin/)?runbook [^`\n]+)`", line):
            yield number, inside.removeprefix(".venv/bin/"), True


def words_of(command: str) -> list[str]:
    """What the program gets of it, without what the shell takes for itself."""
    whole = command.replace("\\|", "|")
    own = re.split(r"\s(?:[|;>]|&&|</|2>)|\s#\s|\)\"?", whole)[0]
    # Of alternatives (check|do|undo) the first stands for all.
    return [STOOD_FOR.get(word, word.partition("|")[0]) for word in shlex.split(own)[1:]]


def parsed(words: list[str]) -> None:
    """Parse to the end, without running anything. Raises what the parser raises."""
    command: Any = typer.main.get_command(app)
    context, name, rest = None, "runbook", list(words)
    while hasattr(command, "get_command") and rest and not rest[0].startswith("-"):
        context = context or command.make_context(name, ["up"])
        name, *rest = rest
        command = command.get_command(context, name)
        assert command is not None, f"no such command: {name}"
    command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_parses(page: Path) -> None:
    wrong = []
    for number, command, named in commands_in(page):
        words = words_of(command)
        if not words or words[0].startswith("--") or words in (["COMMAND", "--help"],):
            continue
        try:
            parsed([word for word in words if word not in ("--help", "")])
        except typer.Exit:
            continue
        except Exception as error:
            if named and type(error).__name__ in ("NoArgsIsHelpError", "MissingParameter"):
                continue
            wrong.append(f"{page.name}:{number}: {command}: {getattr(error, 'message', None) or error!r}")
    assert not wrong, "\n".join(wrong)


def test_commands_are_found_and_a_wrong_one_is_seen(tmp_path: Path) -> None:
    assert sum(len(list(commands_in(page))) for page in PAGES) > 100
    with pytest.raises(Exception, match=r"(?i)no such option"):
        parsed(["up", "--nonsense"])
    with pytest.raises(Exception, match="Missing parameter: name") as incomplete:
        parsed(["step"])
    assert type(incomplete.value).__name__ == "MissingParameter"
    with pytest.raises(Exception, match=r"no such command"):
        parsed(["nonsense"])
    page = tmp_path / "page.md"
    page.write_text(
        '$ curl "$(runbook output invoke-url --stack demo)"\n      - run: runbook check # x\nlike `runbook down`.\n'
    )
    assert [words_of(command) for _, command, _ in commands_in(page)] == [
        ["output", "invoke-url", "--stack", "demo"],
        ["check"],
        ["down"],
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page: Path) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / unquote(name)).resolve() if name else page
        missing = not there.exists() or ROOT not in there.parents
        if missing or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            wrong.append(target)
    assert not wrong


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", (DOCS / "README.md").read_text()))
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md", "package.md"}  # package.md is for the registry
    assert pages <= linked


def test_what_a_registry_shows_needs_no_other_file() -> None:
    text = (DOCS / "package.md").read_text()
    assert not re.findall(r"\]\((?!https://)", text)
    assert "<img" not in text


def test_the_table_of_costs_has_every_price_that_a_step_declares() -> None:
    prices: list[Price] = [price for step in TRACKS.default.steps for price in getattr(step, "PRICES", ())]
    assert len(prices) >= 3
    rows = [f"| {each.what} | {each.usd:g} | {each.per} | <{each.source}> | {each.read} |" for each in prices]
    text = (DOCS / "costs.md").read_text()
    table = text.partition("| --- | --- | --- | --- | --- |\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows


def test_the_price_that_up_names_is_in_the_table() -> None:
    for step in TRACKS.default.steps:
        hourly = [price.usd for price in getattr(step, "PRICES", ()) if price.per.startswith("hour")]
        assert sum(hourly) == getattr(step, "USD_PER_HOUR", 0)
