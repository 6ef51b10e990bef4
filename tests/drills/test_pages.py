"""The course's pages say what the drills say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drills.catalogue import COURSE
from drills.model import Course
from drills.pages import INDEX, pages, write
from runbook.cli import app
from runbook.errors import BadInput

DOCS = Path(__file__).resolve().parents[2] / "docs" / "drills"
ALL = Course.of(COURSE)
RENEW = "The drills have changed since their pages were made. Make them anew with: make docs/drills"


def test_the_pages_in_the_docs_are_of_the_drills_as_they_are() -> None:
    told = pages(ALL)
    assert {path.name for path in DOCS.glob("*.md")} == set(told), RENEW
    stale = [name for name, text in told.items() if (DOCS / name).read_text(encoding="utf-8") != text]
    assert not stale, RENEW


def test_each_drill_has_a_row_and_a_page_and_every_link_leads_somewhere() -> None:
    told = pages(ALL)
    rows = [line for line in told[INDEX].splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == len(ALL.drills)
    for number, (drill, row) in enumerate(zip(ALL.drills, rows, strict=True), start=1):
        assert row.startswith(f"| {number} | [{drill.title}]({drill.id}.md)")
        assert str(drill.symptom) in row
        assert f"`{drill.hop}`" in row
        page = told[f"{drill.id}.md"]
        for text in (drill.story, drill.debrief, drill.solution, *drill.hints):
            assert text in page
    for name, text in told.items():
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert link in told or (DOCS / link).resolve().exists(), (name, link)


def test_writing_takes_away_the_pages_of_drills_that_are_no_more(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("of a drill that is no more")
    written = write(ALL, tmp_path / "new" / "..")
    assert {path.name for path in tmp_path.glob("*.md")} == {path.name for path in written}


def test_the_command_that_the_makefile_gives(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["drill", "pages", str(tmp_path)])
    assert ended.stdout == f"wrote {len(ALL.drills) + 1} pages to {tmp_path}\n"
    assert "pages" not in CliRunner().invoke(app, ["drill", "--help"]).stdout


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        write(ALL, tmp_path / "file")


def test_patches_are_written_as_the_aws_cli_reads_them() -> None:
    said = " ".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    values = re.findall(r"\bop=\w+,path=\S+?,value=(\S*)", said)
    assert len(values) > 10
    # Its shorthand takes no closing brace without quotes.
    assert [value for value in values if "}" in value and not value.startswith('"')] == []
