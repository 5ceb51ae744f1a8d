"""Waits for what only the log tells of."""

import asyncio
import logging


class Bell(logging.Handler):
    """Rings when *message* is logged."""

    def __init__(self, message: str) -> None:
        super().__init__()
        self._message = message
        self.rung = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == self._message:
            self.rung.set()
