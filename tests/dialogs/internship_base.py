"""What the fake bases of the dialogs answer about somebody's internships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MINE: Final = {
    "id": 12,
    "host": "第1机电有限公司",
    "title": "会计助理",
    "stage": "in_post",
    "stage_label": "在岗",
    "starts_on": "2026-07-01",
    "ends_on": "2026-12-31",
    "stipend": "2300",
    "pay_day": 15,
    "mentor": "李老师",
}

ANSWERS: Final[Mapping[str, Any]] = {
    "my_internships": [MINE],
    "open_applications": [{"id": 12, "title": "会计助理"}],
    "withdraw_application": True,
    "report_arrival": "000007",
    "report_problem": "000008",
    "ask_certificate": "000009",
    "tell_result": True,
}
"""By verb, for somebody who has something; nothing is there for anybody else."""

OTHERWISE: Final[Mapping[str, Any]] = {
    "open_applications": [],
    "withdraw_application": False,
    "report_arrival": "",
    "ask_certificate": "",
    "tell_result": False,
}
"""By verb, for somebody with whose internship it cannot be done as it stands."""

ENDS: Final = frozenset(
    {
        *("nothing", "nothing_to_withdraw", "withdrawn", "not_withdrawn", "arrival_noted", "arrival_not_due"),
        *("problem_noted", "certificate_noted", "not_ended", "result_noted"),
    }
)
