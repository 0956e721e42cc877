"""The real program as a process of its own: started, watched, killed; and its commands run to their end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Done(NamedTuple):
    """A command that has ended: exit status, standard output, standard error."""

    status: int
    out: str
    error: str


Run = Callable[..., Done]
"""What the fixture `run` gives: `run("people", "list", "--json", port="8080")`."""

STARTED = "见习通已启动"


def environment(data: Path, **settings: str) -> dict[str, str]:
    """The environment of a test's own program: none of the settings that happen to be around."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("JIANXI_")}
    given = {f"JIANXI_{name.upper()}": value for name, value in settings.items()}
    return plain | {"JIANXI_DATA": str(data), "PYTHONUTF8": "1", "COLUMNS": "200"} | given


def jianxi(
    data: Path, *arguments: str, text: str | None = None, seconds: float = 60, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run one command of `jianxi` to its end; `text` is what is typed into it."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env=environment(data, **settings),
        cwd=data.parent,
        input=text,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """A running `jianxi serve`. `log` is what it wrote to standard error, read to its end once it has ended."""

    def __init__(
        self, data: Path, *arguments: str, program: Sequence[str] = ("-m", "bot"), **settings: str
    ) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log_file = data.parent / f"service-{self.port}.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "serve", *arguments],
                env=environment(data, port=str(self.port), **settings),
                cwd=data.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if STARTED in line:
                return
        raise RuntimeError(f"it did not start: {self.log}")

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def stop(self) -> int:
        """Ask it to end, as a system does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it without any chance to put things in order."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        status = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


@contextmanager
def service(
    data: Path, *arguments: str, program: Sequence[str] = ("-m", "bot"), **settings: str
) -> Iterator[Service]:
    """A running service that is stopped at the end, whatever happens."""
    running = Service(data, *arguments, program=program, **settings)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()
