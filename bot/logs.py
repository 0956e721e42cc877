"""Logs (日志): event names with fields, on standard error. What looks like a number of a person is masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import structlog

NUMBER: Final = re.compile(r"(?<!\d)\d{11,18}[\dXx]?(?!\d)")
"""Phones, ID numbers, card numbers."""
TOKEN: Final = re.compile(r"(access_token|secret|token|Bearer)([=: ]+)[^\s&\"']+", re.IGNORECASE)


def masked(text: str) -> str:
    """The text without numbers of people and without secrets."""
    return TOKEN.sub(r"\1\2***", NUMBER.sub("***", text))


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = masked(value)
    return event


def trace(error: BaseException) -> str:
    """Where an error came from: types and places only, for a message may quote what a person wrote."""
    parts = []
    cause: BaseException | None = error
    while cause is not None:
        frames = []
        frame = cause.__traceback__
        while frame is not None:
            code = frame.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{frame.tb_lineno} {code.co_name}")
            frame = frame.tb_next
        parts.append(f"{type(cause).__name__} at " + " < ".join(reversed(frames[-6:])))
        cause = cause.__cause__
    return "; caused by ".join(parts)


def configure(form: Literal["text", "json"]) -> None:
    """Set up logging for the process."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            _mask,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        # Not kept: a logger that was made for one stream would go on writing there after it is closed.
        cache_logger_on_first_use=False,
    )
    # aiohttp logs errors of its own with tracebacks that may quote a request: ours says enough.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("aiohttp.access").setLevel(logging.CRITICAL)


def keep_off_output() -> None:
    """For a command that ends soon: whatever is logged goes to standard error, its output stays its own."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
