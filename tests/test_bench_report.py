"""The measurement of the monthly report runs, tiny."""

from __future__ import annotations

from bench import report


def test_a_report_is_compared_with_a_bare_aggregate() -> None:
    found = report.run(internships=400, rounds=1)
    assert [finding.goal for finding in found if finding.goal] == ["≤ 3"]
