"""Agreement and certificate: what is filled in, what is missing, edited templates, and templates that misbehave."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.document import Document as Paper

from bot import document_templates
from bot.documents import AGREEMENT, CERTIFICATE, SHIPPED, write_agreement, write_certificate
from policy.agreement import (
    CERTIFICATE_LABELS,
    CLAUSES,
    LABELS,
    Agreement,
    Certificate,
    clauses_missing,
    missing,
)
from policy.refusal import Refused

WHOLE = Agreement(
    host_name="第1机电有限公司",
    uscc="91440101000000001X",
    host_contact="黄小姐",
    host_phone="13900000001",
    person_name="陈晓琳",
    id_number="440000200105100019",
    phone="13800000001",
    title="会计助理",
    kind="管理类",
    place="广州市天河区",
    plan="协助整理凭证\n核对账目 <b>&",
    mentor="李工",
    starts_on=date(2023, 7, 1),
    ends_on=date(2023, 12, 31),
    months=6,
    stipend_fen=230_050,
    hours="每周五天，每天八小时",
    pay_day=15,
    insurance="国寿意外险",
)
CERTIFIED = Certificate(
    host_name="第1机电有限公司",
    uscc="91440101000000001X",
    person_name="陈晓琳",
    id_number="440000200105100019",
    title="会计助理",
    kind="管理类",
    mentor="李工",
    arrived_on=date(2023, 7, 1),
    ended_on=date(2023, 12, 31),
    ending="期满完成",
    tasks="整理凭证",
    appraisal="合格",
)


def text_of(paper: Paper) -> str:
    return "\n".join(paragraph.text for paragraph in paper.paragraphs)


def read(path: Path) -> str:
    return text_of(Document(str(path)))


def test_an_agreement_says_everything(tmp_path: Path) -> None:
    write_agreement(tmp_path / "a.docx", WHOLE, tmp_path)
    text = read(tmp_path / "a.docx")
    for words in (
        *("陈晓琳", "440000200105100019", "第1机电有限公司", "91440101000000001X", "黄小姐", "李工"),
        *("自2023年7月1日起，至2023年12月31日止，共6个月", "每月2300.50元", "每月15日前", "国寿意外险"),
        *("每周五天，每天八小时", "核对账目 <b>&", "不是劳动合同", "广州市天河区"),
    ):
        assert words in text
    assert "{{" not in text


def test_a_certificate_says_everything(tmp_path: Path) -> None:
    write_certificate(tmp_path / "c.docx", CERTIFIED, tmp_path)
    text = read(tmp_path / "c.docx")
    assert "陈晓琳（身份证号：440000200105100019）于2023年7月1日至2023年12月31日" in text
    assert "考核鉴定：合格" in text


@pytest.mark.parametrize("name", [field.name for field in fields(Agreement)])
def test_each_item_of_an_agreement_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused) as refused:
        write_agreement(tmp_path / "a.docx", replace(WHOLE, **{name: None}), tmp_path)
    assert LABELS[name] in str(refused.value)
    assert not (tmp_path / "a.docx").exists()


@pytest.mark.parametrize("name", list(CERTIFICATE_LABELS))
def test_each_item_of_a_certificate_that_is_missing_is_named(name: str) -> None:
    without: dict[str, Any] = {name: None}
    assert missing(replace(CERTIFIED, **without)) == (CERTIFICATE_LABELS[name],)


def test_the_shipped_templates_are_what_the_source_says_and_have_every_clause() -> None:
    agreement = read(SHIPPED / AGREEMENT)
    assert agreement == text_of(document_templates.agreement())
    assert read(SHIPPED / CERTIFICATE) == text_of(document_templates.certificate())
    assert clauses_missing(agreement) == ()
    assert set(clauses_missing("")) == set(CLAUSES)


def own_template(data: Path, name: str, *lines: str) -> None:
    folder = data / "templates"
    folder.mkdir()
    paper = Document()
    for line in lines:
        paper.add_paragraph(line)
    paper.save(str(folder / name))


def test_a_bureaus_own_template_goes_first(tmp_path: Path) -> None:
    own_template(tmp_path, CERTIFICATE, "本局格式：{{ person_name }}")
    write_certificate(tmp_path / "c.docx", CERTIFIED, tmp_path)
    assert read(tmp_path / "c.docx") == "本局格式：陈晓琳"


def test_an_edited_agreement_that_lost_a_clause_is_refused_by_name(tmp_path: Path) -> None:
    own_template(tmp_path, AGREEMENT, "甲方{{ host_name }}和乙方{{ person_name }}，这不是劳动合同。")
    with pytest.raises(Refused, match="人身意外伤害保险") as refused:
        write_agreement(tmp_path / "a.docx", WHOLE, tmp_path)
    assert "协议性质" not in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        "{{ colour }}",
        "{{ person_name",
        "{{ person_name.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{% for x in %}",
    ],
)
def test_a_template_that_misbehaves_is_refused(tmp_path: Path, line: str) -> None:
    own_template(tmp_path, CERTIFICATE, line)
    with pytest.raises(Refused, match="填不上的空"):
        write_certificate(tmp_path / "c.docx", CERTIFIED, tmp_path)
    assert not (tmp_path / "c.docx").exists()
