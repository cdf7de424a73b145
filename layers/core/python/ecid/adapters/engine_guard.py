"""Run a program until it ends, or until the process that started this one ends in whatever way: `python engine_guard.py PROGRAM ARGUMENT…`.

Standard input is a pipe whose other end the starting process holds; it closes with that process, killed or not.
"""

from __future__ import annotations

import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Returns the exit status of the program."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 – given by `embedded_engine`

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        program.terminate()

    threading.Thread(target=end_with_parent, daemon=True).start()
    return program.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
