"""`python -m tests.scoring.golden`: the hashes of the cases by part, as JSON; `--write` puts them into `expected.json`, `--expect FILE` compares them.

`--home` is a state directory for the index of the pack (default: the one that tests share), made where there is none; `--keep FOLDER` writes the parts
themselves besides, to be looked at where hashes differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ecid.bootstrap import Platform
from ecid.settings import Settings
from tests.pack_index import pack_home
from tests.scoring.golden.cases import CASES, EXPECTED, differences, hashes_of


def main() -> None:
    """Run the cases; exit status 1 where they differ from what is expected."""
    arguments = argparse.ArgumentParser(prog="python -m tests.scoring.golden")
    arguments.add_argument("cases", nargs="*", metavar="CASE")
    arguments.add_argument("--home", type=Path)
    arguments.add_argument("--keep", type=Path)
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--expect", type=Path)
    asked = arguments.parse_args()
    platform = Platform(Settings(home=asked.home or pack_home()))
    if not platform.has_index():
        platform.make_index()
    found = hashes_of(platform, asked.cases or CASES, asked.keep)
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if asked.write:
        EXPECTED.write_text(text, "utf-8")
    elif asked.expect:
        differing = differences(json.loads(asked.expect.read_text("utf-8")), found)
        print(*(differing or [f"alike: {sum(map(len, found.values()))} parts of {len(found)} cases"]), sep="\n")
        sys.exit(bool(differing))
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
