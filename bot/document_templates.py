"""The two templates of the ledger's documents, as text that can be reviewed; `python -m bot.document_templates`
writes them as .docx beside the program.

Blanks are docxtpl's `{{…}}`. A bureau that wants other words edits a copy in Word (see docs/internships.md), not
this file. Owns the shipped wording and its look, nothing else: filling in is `bot.documents`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from docx import Document
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph
from docx.text.run import Run

FOLDER: Final = Path(__file__).parent / "templates_docx"
BODY_FONT, TITLE_FONT = "仿宋", "黑体"

PARTIES: Final = (
    "甲方（见习单位）：{{ host_name }}",
    "统一社会信用代码：{{ uscc }}",
    "联系人：{{ host_contact }}　　联系电话：{{ host_phone }}",
    "乙方（见习人员）：{{ person_name }}",
    "身份证号：{{ id_number }}　　联系电话：{{ phone }}",
)
PREAMBLE: Final = (
    "根据《人力资源社会保障部等10部门关于进一步推进实施百万就业见习岗位募集计划的通知》（人社部发〔2023〕27号）"
    "和《关于继续实施我省就业见习岗位募集计划的通知》（粤人社函〔2023〕50号），甲乙双方自愿签订本协议。"
    "本协议是就业见习协议，不是劳动合同，双方不因本协议建立劳动关系。"
)
ARTICLES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "一、见习岗位和地点",
        (
            "岗位：{{ title }}（{{ kind }}）。",
            "地点：{{ place }}。换岗位或地点，要双方同意并书面记录。",
        ),
    ),
    (
        "二、见习期限",
        (
            "自{{ starts_on }}起，至{{ ends_on }}止，共{{ months }}个月。",
            "见习期限为3至12个月；需要延期的，期满前书面商定，累计不超过12个月。",
        ),
    ),
    ("三、见习内容和计划", ("{{ plan }}",)),
    (
        "四、带教老师",
        (
            "甲方委派{{ mentor }}为带教老师，指导乙方熟悉岗位内容、提升工作能力。"
            "更换带教老师的，甲方及时告知乙方并报当地人力资源社会保障部门。",
        ),
    ),
    (
        "五、见习时间和休息",
        ("{{ hours }}。甲方保证乙方的休息，不安排乙方从事超出身体承受能力的工作。",),
    ),
    (
        "六、见习补贴",
        (
            "甲方按月向乙方发放见习补贴，每月{{ stipend }}元，每月{{ pay_day }}日前通过银行转账发到乙方本人账户，"
            "不低于当地规定的标准，不得克扣、拖欠，不得见习结束后集中发放。",
            "甲方不得以任何名义向乙方收取费用或扣押证件。",
        ),
    ),
    (
        "七、保险",
        (
            "甲方自乙方到岗之日起为乙方办理人身意外伤害保险：{{ insurance }}。"
            "有条件的，可以另外购买商业医疗保险。",
        ),
    ),
    (
        "八、安全",
        (
            "甲方在乙方到岗时进行安全教育，提供符合国家规定的安全卫生条件和必要的防护用品。"
            "发生意外的，甲方立即救治，通知乙方家属和当地人力资源社会保障部门，并办理保险理赔。",
        ),
    ),
    (
        "九、双方职责",
        (
            "甲方：建立带教制度，按计划安排见习，如实记录考勤和补贴发放，尊重乙方人格。",
            "乙方：遵守甲方的规章制度和安全规程，服从带教老师的合理安排，保守甲方的商业秘密，如实记录见习情况。",
        ),
    ),
    (
        "十、提前结束",
        (
            "双方协商一致可以提前结束。乙方因就业、升学、健康等原因要提前结束的，提前3日书面告知甲方。",
            "甲方不按协议提供见习条件、补贴或保险的，乙方可以随时提前结束；乙方严重违反规章制度或本协议的，"
            "甲方可以提前结束，并书面说明理由。",
            "提前结束的，甲方按乙方实际见习时间发放补贴，并报当地人力资源社会保障部门。",
        ),
    ),
    (
        "十一、考核和见习证明",
        ("见习结束时，甲方对乙方进行考核鉴定，并出具见习证明。",),
    ),
    (
        "十二、留用",
        (
            "甲方优先留用见习合格的乙方。见习期间或期满后正式录用的，甲方及时与乙方签订劳动合同，缴纳社会保险，本协议同时终止。",
        ),
    ),
    (
        "十三、个人信息保护",
        (
            "甲方只为见习管理、补贴申领和法律规定的用途处理乙方的个人信息，不向无关的人提供，"
            "见习结束后按规定保存或删除。",
        ),
    ),
    (
        "十四、争议处理",
        (
            "履行本协议发生争议的，双方协商解决；协商不成的，可以请当地人力资源社会保障部门调解，"
            "也可以依法向人民法院起诉。",
        ),
    ),
    (
        "十五、其他",
        (
            "没有约定的事项，按国家和省、市就业见习的规定执行。本协议一式三份，甲乙双方各一份，"
            "当地人力资源社会保障部门一份，自双方签字盖章之日起生效。",
        ),
    ),
)
SIGNATURES: Final = (
    "甲方（盖章）：　　　　　　　　　　　　　乙方（签名）：",
    "代表（签名）：",
    "　　　　年　　月　　日　　　　　　　　　　　　　年　　月　　日",
)
CERTIFIED: Final = (
    "{{ person_name }}（身份证号：{{ id_number }}）于{{ arrived_on }}至{{ ended_on }}，"
    "在我单位“{{ title }}”岗位（{{ kind }}）参加就业见习，带教老师{{ mentor }}。结束方式：{{ ending }}。",
    "见习内容：{{ tasks }}",
    "考核鉴定：{{ appraisal }}",
    "特此证明。",
)
CERTIFIED_BY: Final = (
    "见习单位（盖章）：{{ host_name }}",
    "统一社会信用代码：{{ uscc }}",
    "　　　　年　　月　　日",
)


def agreement() -> Paper:
    """The agreement with its blanks (见习协议)."""
    paper = _paper("就业见习协议")
    for line in PARTIES:
        _line(paper, line)
    _paragraph(paper, PREAMBLE)
    for heading, paragraphs in ARTICLES:
        _heading(paper, heading)
        for text in paragraphs:
            _paragraph(paper, text)
    paper.add_paragraph()
    for line in SIGNATURES:
        _line(paper, line).paragraph_format.keep_with_next = True
    return paper


def certificate() -> Paper:
    """The certificate with its blanks (见习证明)."""
    paper = _paper("就业见习证明")
    for text in CERTIFIED:
        _paragraph(paper, text)
    paper.add_paragraph()
    for line in CERTIFIED_BY:
        _line(paper, line).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    return paper


def _paper(title: str) -> Paper:
    paper = Document()
    fixed = datetime(2023, 7, 1, tzinfo=UTC)  # the file is the same whenever it is written
    paper.core_properties.created = paper.core_properties.modified = fixed
    paper.core_properties.author = "见习通"
    paper.core_properties.title = title
    section = paper.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.7)
    section.top_margin, section.bottom_margin = Cm(3), Cm(2.7)
    style = paper.styles["Normal"]
    style.font.name, style.font.size = BODY_FONT, Pt(14)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), BODY_FONT)
    style.paragraph_format.line_spacing = Pt(26)
    style.paragraph_format.space_after = Pt(0)
    heading = paper.add_paragraph()
    heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
    heading.paragraph_format.space_after = Pt(18)
    run = heading.add_run(title)
    run.bold, run.font.size = True, Pt(22)
    _font(run, TITLE_FONT)
    return paper


def _heading(paper: Paper, text: str) -> None:
    paragraph = paper.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    _font(paragraph.add_run(text), TITLE_FONT)


def _paragraph(paper: Paper, text: str) -> None:
    paper.add_paragraph(text).paragraph_format.first_line_indent = Pt(28)


def _line(paper: Paper, text: str) -> Paragraph:
    return paper.add_paragraph(text)


def _font(run: Run, name: str) -> None:
    run.font.name = name
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def main() -> None:
    """Write both templates into the package."""
    FOLDER.mkdir(exist_ok=True)
    agreement().save(str(FOLDER / "agreement.docx"))
    certificate().save(str(FOLDER / "certificate.docx"))


if __name__ == "__main__":
    main()
