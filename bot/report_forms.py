"""The wording of the monthly forms (月报表栏目): read from a file that a bureau may replace by its own.

What was lost in the copies of the notices is inferred there and says so; nothing else in the product knows the
headings. A file of the operator's in the data folder stands in for ours as a whole.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from policy.indicators import COLUMNS, Form, Indicator, RetainedPart

FILE: Final = "report_forms.toml"

PRINTED: Final = frozenset(name for columns in COLUMNS.values() for name in columns)
"""The indicators that stand on one of the forms, and so have a heading."""


class BadForms(ValueError):  # noqa: N818 - says what is bad
    """The operator's file cannot be used; the message names the file, the place and what is wrong."""


class Label(BaseModel):
    """A heading. `group` is what stands above it and its neighbours; `note` tells how it was inferred."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    group: str = ""
    inferred: bool = False
    note: str = ""


class FormText(BaseModel):
    """Title and notes (填报说明) of a form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    notes: list[str]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    money_unit: Literal["元", "万元"]
    retained_part: RetainedPart
    labels: dict[Indicator, Label]
    forms: dict[Form, FormText]


@dataclass(frozen=True, slots=True)
class Forms:
    """Everything that is printed around the numbers; `money_unit` is 元 or 万元, `part` what 10 means."""

    money_unit: str
    part: RetainedPart
    labels: Mapping[Indicator, Label]
    texts: Mapping[Form, FormText]

    def inferred(self, form: Form) -> list[tuple[int, Label]]:
        """The headings of a form that are still to be checked against the original, with their numbers."""
        numbered = enumerate((self.labels[name] for name in COLUMNS[form]), 1)
        return [(number, label) for number, label in numbered if label.inferred]


def load_forms(data: Path) -> Forms:
    """The operator's wording from the data folder, else ours. Raises `BadForms`."""
    own = data / FILE
    if own.is_file():
        try:
            return _read(tomllib.loads(own.read_text("utf-8")))
        except ValidationError as error:
            fault = error.errors()[0]
            place = ".".join(str(part) for part in fault["loc"])
            raise BadForms(f"{own} 的 {place} 不对：{fault['msg']}") from None
        except ValueError as error:  # no TOML, no UTF-8, or a heading is missing
            raise BadForms(f"{own} 不能用：{error}") from None
    return _read(tomllib.loads((resources.files("bot") / FILE).read_text("utf-8")))


def _read(content: dict[str, Any]) -> Forms:
    read = _File.model_validate(content)
    missing = [f"labels.{name.value}" for name in Indicator if name in PRINTED and name not in read.labels]
    missing += [f"forms.{form.value}" for form in Form if form not in read.forms]
    if missing:
        raise ValueError(f"缺少 {'、'.join(missing)}")
    return Forms(read.money_unit, read.retained_part, read.labels, read.forms)
