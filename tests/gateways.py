"""The local gateway as tests start it: on a free loopback port, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecid.adapters.local_gateway import reserve, server
from ecid.bootstrap import refuse


@contextmanager
def running(root: Path) -> Iterator[str]:
    """The address of the functions of the checkout `root`, until the end of the block."""
    with reserve(0) as listening:
        gateway = server(root, refuse)
        thread = threading.Thread(target=gateway.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not gateway.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            gateway.should_exit = True
            thread.join(10)
