"""The measurement of imports runs, tiny: what it finds is for `make bench`."""

from __future__ import annotations

from bench import imports


def test_an_import_is_measured_against_two_bare_reads_of_the_same_file() -> None:
    found = imports.run(rows=200, rounds=1)
    assert [finding.what for finding in found if finding.goal] == [
        "import ÷ bare calamine",
        "import ÷ bare openpyxl",
    ]
