"""The commands about working days, as an operator types them when the yearly notice is out."""

import json

from tests.serving import Run


def test_reports_of_a_year_are_due_once_its_notice_is_entered(run: Run) -> None:
    asked = ("report", "due", "--month", "2027-09", "--json")
    failed = run(*asked)
    assert failed.status == 1
    assert "jianxi calendar rest 2027-01-01 2027-01-03" in failed.error
    assert run(
        "calendar", "show", "2027", "--json"
    ).out.strip() == '{"year":2027,"known":false,"days":{}}' or (
        json.loads(run("calendar", "show", "2027", "--json").out)["known"] is False
    )
    assert "改了 3 天" in run("calendar", "rest", "2027-01-01", "2027-01-03").out
    assert "改了 7 天" in run("calendar", "rest", "2027-10-01", "2027-10-07").out
    assert "改了 1 天" in run("calendar", "work", "2027-10-09").out
    # 8, 9 (made up on a Saturday) and 11 October: the third working day.
    assert json.loads(run(*asked).out) == {"guangdong": "2027-10-11", "national": "2027-10-13"}
    shown = run("calendar", "show", "2027").out
    assert "2027-10-09" in shown
    assert "2027 年的日历可以用" in shown
    assert "改了 1 天" in run("calendar", "clear", "2027-10-09").out
    assert json.loads(run(*asked).out)["guangdong"] == "2027-10-12"


def test_a_slip_is_refused_with_what_to_do(run: Run) -> None:
    backwards = run("calendar", "rest", "2027-01-03", "2027-01-01")
    assert (backwards.status, "要晚于" in backwards.error) == (1, True)
    too_long = run("calendar", "rest", "2027-01-01", "2028-01-03")
    assert (too_long.status, "年份有没有写错" in too_long.error) == (1, True)
