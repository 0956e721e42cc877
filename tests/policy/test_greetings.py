"""How a young person is addressed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.greetings import greeting


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("陈小明", "陈同学"),
        ("陈明", "陈同学"),
        (" 陈小明 ", "陈同学"),
        ("欧阳娜娜", "欧阳同学"),
        ("司徒雷", "司徒同学"),
        ("欧阳", "欧同学"),
        ("阿依古丽·买买提", "阿依古丽同学"),
        ("John Smith", "John同学"),
        ("陈*", "陈*同学"),
        ("", "同学"),
    ],
)
def test_people_are_addressed_by_their_family_name(name: str, said: str) -> None:
    assert greeting(name) == said


@given(st.text(max_size=40))
def test_any_name_can_be_said(name: str) -> None:
    assert greeting(name).endswith("同学")
