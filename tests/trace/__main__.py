"""``python -m tests.trace [FAULT [MAKER]]``: every single fault on every maker's stack, and what share is right.

And all that is printed for each, pasted from the top: does the URL answer no worse after each command?
"""

from __future__ import annotations

import sys

from tests.trace.builders import BUILDERS, why_not
from tests.trace.faults import paste_each, try_all


def main(only: str = "", of: str = "") -> int:
    """Print the table, of faults and makers whose names contain these; answer how many are wrong."""
    wrong = 0
    for maker, builder in BUILDERS.items():
        if of not in maker:
            continue
        if reason := why_not(maker):
            print(f"{maker}: not tried, {reason}")
            continue
        with builder.build() as stack:
            tried = []
            for each in try_all(stack, [each for each in builder.mutations if only in each.name]):
                tried.append(each)
                print(each, flush=True)
                if not each.right:
                    print(each.states)
            for name, done in paste_each(stack, [each for each in builder.mutations if only in each.name]):
                print(f"  {name}: {len(done)} commands pasted, none made it worse", flush=True)
        right = sum(each.right for each in tried)
        broke = sum(each.status >= 400 for each in tried)
        commands = [each.mended for each in tried if each.mended is not None]
        share = 100 * right / len(tried) if tried else 100
        print(f"{maker}: {right} of {len(tried)} right ({share:.0f} %); {broke} broke the URL")
        print(f"{maker}: {sum(commands)} of {len(commands)} mended by the verdict's commands\n")
        wrong += len(tried) - right + commands.count(False)
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 1))
