"""Run a program until it ends, or until nobody uses it any more: `python engine_guard.py USERS PROGRAM ARGUMENT…`.

Every user holds a shared lock on the file USERS; the system releases it with the process, killed or not. Whoever holds the file alone knows that
there are none left, and keeps it until the program has ended, so that nobody joins a program that is about to end.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

_STOP_WITHIN = 5.0


def main(users: Path, command: list[str]) -> int:
    """Returns the exit status of the program."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 – given by `embedded_engine`

    def end_after_the_last_user() -> None:
        with users.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            program.terminate()
            try:
                program.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    threading.Thread(target=end_after_the_last_user, daemon=True).start()
    return program.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
