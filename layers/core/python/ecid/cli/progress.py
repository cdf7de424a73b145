"""What a long command is at, as a bar on a terminal: reading with the bytes read, then scoring, then what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ecid.errors import Language

_WORDS = {
    "reading": {"zh": "读取", "en": "reading"},
    "scoring": {"zh": "评分", "en": "scoring"},
    "writing": {"zh": "写出 {name}", "en": "writing {name}"},
}


@dataclass(frozen=True, slots=True)
class Steps:
    """The bar of one command."""

    bar: Progress
    task: TaskID
    size: int
    lang: Language

    def read(self, done: int) -> None:
        """So many bytes are read; when all are, the lines are scored."""
        self.bar.update(self.task, completed=done, description=_WORDS["reading" if done < self.size else "scoring"][self.lang])

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Without the bar, while something else is told."""
        self.bar.stop()
        yield
        self.bar.start()

    def writing(self, path: Path) -> None:
        """A file is being written."""
        self.bar.update(self.task, completed=self.size, description=escape(_WORDS["writing"][self.lang].format(name=path.name)))


@contextmanager
def steps_of(paths: Sequence[Path], lang: Language) -> Iterator[Steps]:
    """A bar for the work on these files, on a terminal only."""
    console, size = Console(stderr=True), sum(path.stat().st_size for path in paths)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Steps(bar, bar.add_task(_WORDS["reading"][lang], total=size), size, lang)
