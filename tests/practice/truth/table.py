"""Print what AWS answers, and who answers it so: `python tests/practice/truth/table.py [--markdown]`.

`--markdown` prints docs/truth.md: the tables, and what could not be found out (UNKNOWN.md). A case whose setup an
account refuses counts as different.

Exit status 1 when the practice account gives one answer that is not AWS's.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3])]

from accounts import practice_account, stock_moto  # noqa: E402
from members import markdown as members_table  # noqa: E402
from truth_cases import KINDS, Asker, Case, load  # noqa: E402


def judged(asker: Asker, cases: list[Case]) -> dict[str, list[str]]:
    """Each case's differences from AWS."""
    found = {}
    for case in cases:
        try:
            found[case.id] = asker.judge(case)
        except Exception as error:
            found[case.id] = [f"{type(error).__name__}: {error}"]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="as the table of docs/truth.md")
    arguments = parser.parse_args()
    cases = load()
    with stock_moto() as moto, practice_account() as account, ThreadPoolExecutor() as pool:
        both = [pool.submit(judged, Asker(asked), cases) for asked in (account, moto)]
        ours, stock = (one.result() for one in both)
    (_markdown if arguments.markdown else _plain)(cases, ours, stock)
    return 1 if any(ours.values()) else 0


def _plain(cases: list[Case], ours: dict[str, list[str]], stock: dict[str, list[str]]) -> None:
    print(f"{'practice':10}{'moto':10}{'kind':6}claim  (source)")
    area = ""
    for case in cases:
        if case.area != area:
            area = case.area
            print(f"\n{area}")
        print(f"{_mark(ours[case.id]):10}{_mark(stock[case.id]):10}{case.kind:6}{case.claim}  ({case.source})")
        for difference in ours[case.id]:
            print(f"{'':26}practice account: {difference}")
    print()
    print(_totals(cases, ours, stock))


def _markdown(cases: list[Case], ours: dict[str, list[str]], stock: dict[str, list[str]]) -> None:
    print("# What AWS answers, and who answers so\n")
    print("<!-- Printed by `python tests/practice/truth/table.py --markdown`.")
    print("The cases are in tests/practice/truth/cases, one file each. -->\n")
    print(f"{_totals(cases, ours, stock)}\n")
    print("Kinds of source: " + ", ".join(f"**{kind}** {meaning}" for kind, meaning in KINDS.items()) + ".\n")
    for area in dict.fromkeys(case.area for case in cases):
        print(
            f"## {area}\n\n| AWS's answer | kind | source | practice account | stock moto |\n"
            "| --- | --- | --- | --- | --- |"
        )
        for case in cases:
            if case.area == area:
                cells = (case.claim, case.kind, case.source, _mark(ours[case.id]), _mark(stock[case.id]))
                print("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        print()
    print("\n".join(members_table()))
    unknown = (Path(__file__).parent / "UNKNOWN.md").read_text()
    print(unknown.replace("\n## ", "\n### ").replace("# What", "## What", 1), end="")


def _totals(cases: list[Case], ours: dict[str, list[str]], stock: dict[str, list[str]]) -> str:
    right = [sum(not found for found in result.values()) for result in (ours, stock)]
    return f"{len(cases)} answers: the practice account gives {right[0]} as AWS does, stock moto {right[1]}."


def _mark(differences: list[str]) -> str:
    return "differs" if differences else "as AWS"


if __name__ == "__main__":
    sys.exit(main())
