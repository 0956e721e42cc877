"""Metrics (指标监控) for Prometheus. Labels are channels, codes and steps: never a person, phone or address."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from storage.database import Database

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """One registry a process, so that tests do not share counters."""

    def __init__(self, database: Database) -> None:
        self.registry = CollectorRegistry()
        turns = Counter("jianxi_turns", "Messages answered", ["channel", "repeated"], registry=self.registry)
        self._refused = Counter(
            "jianxi_refused", "Messages refused", ["channel", "code"], registry=self.registry
        )
        self._outcomes = Counter(
            "jianxi_platform_outcomes",
            "What platforms say became of messages sent",
            ["channel", "kind", "result"],
            registry=self.registry,
        )
        seconds = Histogram(
            "jianxi_turn_seconds",
            "Time to answer a message",
            ["channel"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._turns = turns
        self._seconds = seconds
        self._labelled: dict[tuple[str, bool], tuple[Counter, Histogram]] = {}
        commits = Gauge(
            "jianxi_commits_total", "Transactions committed by the writer", registry=self.registry
        )
        commits.set_function(lambda: database.commits)
        writes = Gauge(
            "jianxi_writes_total", "Pieces of work committed by the writer", registry=self.registry
        )
        writes.set_function(lambda: database.writes)

    def turn(self, channel: str, repeated: bool, seconds: float) -> None:
        """Count an answered message."""
        found = self._labelled.get((channel, repeated))
        if found is None:
            counter = self._turns.labels(channel, "yes" if repeated else "no")
            found = self._labelled[channel, repeated] = counter, self._seconds.labels(channel)
        found[0].inc()
        found[1].observe(seconds)

    def refused(self, channel: str, code: str) -> None:
        """Count a refused message."""
        self._refused.labels(channel, code).inc()

    def outcome(self, channel: str, kind: str, result: str) -> None:
        """Count what became of a message sent."""
        self._outcomes.labels(channel, kind, result).inc()

    def text(self) -> bytes:
        """All figures in Prometheus' text form."""
        return generate_latest(self.registry)
