"""gpiozero's DistanceSensor that also says whether echoes still come.

Its own distance is the last echoes' median for ever, and a first one waits for echoes for ever.
"""

import threading
from typing import Any

from gpiozero import DistanceSensor


class CountedSensor(DistanceSensor):  # type: ignore[misc]  # gpiozero has no types
    """`echoes` is how many came since it was last set to 0; `heard` is set at each."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.echoes = 0
        self.heard = threading.Event()
        super().__init__(*args, **options)

    def _read(self) -> Any:
        value = super()._read()
        if value is not None:
            self.echoes += 1
            self.heard.set()
        return value

    def close(self) -> None:
        """The thread that pings ends first; gpiozero would take the trigger from under it."""
        if (pinging := getattr(self, "_queue", None)) is not None:
            pinging.stop()
        super().close()
