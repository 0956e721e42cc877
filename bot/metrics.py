"""Metrics (指标监控) for Prometheus. Labels are channels, codes and steps: never a person, phone or address."""

from __future__ import annotations

from collections.abc import Mapping

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
        self._deliveries = Counter(
            "jianxi_deliveries",
            "Messages sent of our own accord",
            ["channel", "state"],
            registry=self.registry,
        )
        self._waiting = Gauge(
            "jianxi_delivery_waiting_seconds",
            "Age of the oldest due message",
            ["lane"],
            registry=self.registry,
        )
        self._stopped = Gauge(
            "jianxi_lane_stopped", "Whether an account is at fault", ["channel"], registry=self.registry
        )
        self._jobs = Counter("jianxi_jobs", "Scheduled jobs run", ["job", "result"], registry=self.registry)
        self._jobs_well = Gauge(
            "jianxi_job_last_success_timestamp_seconds",
            "When a scheduled job last ended well",
            ["job"],
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

    def delivery(self, channel: str, state: str) -> None:
        """Count a delivery that has come to a state."""
        self._deliveries.labels(channel, state).inc()

    def waiting(self, seconds: Mapping[str, float]) -> None:
        """For how long the oldest message that is due has been waiting, by lane."""
        self._waiting.clear()
        for lane, age in seconds.items():
            self._waiting.labels(lane).set(age)

    def stopped(self, channel: str, stopped: bool) -> None:
        """Whether nothing goes out over a channel because its account is at fault."""
        self._stopped.labels(channel).set(stopped)

    def job(self, name: str, well: bool) -> None:
        """Count a run of a scheduled job."""
        self._jobs.labels(name, "done" if well else "failed").inc()
        if well:
            self._jobs_well.labels(name).set_to_current_time()

    def outcome(self, channel: str, kind: str, result: str) -> None:
        """Count what became of a message sent."""
        self._outcomes.labels(channel, kind, result).inc()

    def text(self) -> bytes:
        """All figures in Prometheus' text form."""
        return generate_latest(self.registry)
