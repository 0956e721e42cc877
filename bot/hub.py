"""The hub: wakes the event streams of a conversation when something was stored for it in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Hub:
    """Listeners by contact. A stream also looks by itself every few seconds, for what other processes stored."""

    def __init__(self) -> None:
        self.closed = False
        self._signals: dict[int, set[asyncio.Event]] = {}

    def publish(self, contact_id: int) -> None:
        """Something new was committed for this contact."""
        for signal in self._signals.get(contact_id, ()):
            signal.set()

    def listeners(self, contact_id: int) -> int:
        """How many streams this contact has open."""
        return len(self._signals.get(contact_id, ()))

    @contextmanager
    def listen(self, contact_id: int) -> Iterator[asyncio.Event]:
        """A signal that is set at every `publish` for this contact, and when the hub closes."""
        signal = asyncio.Event()
        self._signals.setdefault(contact_id, set()).add(signal)
        try:
            yield signal
        finally:
            self._signals[contact_id].discard(signal)
            if not self._signals[contact_id]:
                del self._signals[contact_id]

    def close(self) -> None:
        """End all streams: the process is going down."""
        self.closed = True
        for signals in self._signals.values():
            for signal in signals:
                signal.set()
