"""The comparison is measured against hashing, tiny: that it finds something, not how fast."""

from __future__ import annotations

from bench import cross_match


def test_the_comparison_is_measured_against_hashing_the_rows() -> None:
    found = cross_match.run(rows=400, people=2000, rounds=1)
    assert [finding.goal for finding in found if finding.goal] == ["≤ 5"]
    [changed] = [finding.measured for finding in found if finding.what.startswith("changed")]
    assert changed == (
        "confirmed 185, to_confirm 7, unemployment_confirmed 62, marks_added 20, tasks_added 168"
    )
