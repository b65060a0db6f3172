"""Long work that tests can kill."""

import os
import time
from pathlib import Path

from parvis.core.jobs import Progress


def count_slowly(progress: Progress, *, path: str, steps: int) -> dict[str, int]:
    """Write who runs it, then take a tenth of a second a step."""
    with Path(path).open("a") as file:
        file.write(f"{os.getpid()}\n")
    for number in range(steps):
        progress(number, steps)
        time.sleep(0.1)
    return {"steps": steps}
