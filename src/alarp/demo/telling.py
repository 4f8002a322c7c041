"""How does the demonstration tell its story? A bar that moves, and one plain line for each thing that happens."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


class Story:
    """The bar and the lines. `tell` says what happened; `step` moves the bar."""

    def __init__(self, steps: int) -> None:
        self.console = Console(highlight=False)
        self.started_at = time.monotonic()
        self.lines: list[str] = []
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )
        self.task = self.progress.add_task("The demonstration hospital", total=steps)

    def __enter__(self) -> Story:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def chapter(self, title: str) -> None:
        self.progress.update(self.task, description=title)
        self.progress.console.print(f"\n[bold]{title}[/bold]")

    def tell(self, line: str) -> None:
        """One thing happened."""
        self.lines.append(line)
        self.progress.console.print(f"  {time.monotonic() - self.started_at:5.1f} s  {line}", markup=False)

    def step(self, count: int = 1) -> None:
        self.progress.advance(self.task, count)
