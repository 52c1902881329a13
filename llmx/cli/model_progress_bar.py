"""The bar of a pull, on a terminal."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as RichProgress

from llmx.core.settings.sources import shown
from llmx.models.progress import Progress


class Bar:
    """One line that moves."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        self._rich = RichProgress(*columns, console=Console(stderr=True))
        self._task = self._rich.add_task("Starting", total=None)
        self._rich.start()

    def __call__(self, event: Progress) -> None:
        """Show one event."""
        text = f"{event.state} {shown(event.file or event.model)}"
        if event.state in ("Starting", "Failed"):
            self._rich.update(self._task, description=text)
        else:
            self._rich.update(self._task, description=text, completed=event.done, total=event.total or None)

    def end(self) -> None:
        """Leave the line as it is."""
        self._rich.stop()
