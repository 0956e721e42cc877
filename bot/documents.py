"""Documents of the ledger as .docx: the agreement (见习协议) and the certificate (见习证明), filled from templates.

The shipped templates stand in bot/templates_docx; a bureau's own go before them, from `templates/` in the data
folder. A template is somebody's file: it is filled in a sandbox, and what it lacks is said before anything is
written. What is filled in is in clear, so only the audited commands come here, and only the owner reads the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from bot.private_files import open_private
from dialogs.parse.places import place_label
from policy.agreement import Agreement, Certificate, clauses_missing, missing
from policy.codes import PositionKind
from policy.ledger_codes import Ending, Stage
from policy.ledger_codes import TransitionKind as Kind
from policy.life_cycle import last_day
from policy.positions import yuan
from policy.refusal import Refused
from policy.regions import city
from storage import transitions
from storage.database import Connection
from storage.internship_lists import Line, one
from storage.ledger_tables import Host
from storage.sealing import Sealer

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

SHIPPED: Final = Path(__file__).parent / "templates_docx"
AGREEMENT, CERTIFICATE = "agreement.docx", "certificate.docx"
TO_BE_WRITTEN: Final = "（由见习单位填写）"


def agreement_of(
    connection: Connection, sealer: Sealer, internship_id: int, told: Mapping[str, Any]
) -> Agreement:
    """What the agreement of an internship says, in clear.

    `told` goes before what the ledger has: starts_on, months, hours, pay_day, insurance. Raises `NotFound`.
    """
    line = one(connection, internship_id)
    host = connection.session.get_one(Host, line.host_id)
    signed = _newest(connection, internship_id, Kind.SIGN)
    agreed = {**signed, **{name: value for name, value in told.items() if value is not None}}
    months = told.get("months") or line.months
    starts_on = told.get("starts_on") or line.starts_on
    kept = line.ends_on if starts_on == line.starts_on and months == line.months else None
    return Agreement(
        host_name=line.host_name,
        uscc=line.uscc,
        host_contact=_opened(sealer, host.contact_name_sealed, b"host.contact_name_sealed"),
        host_phone=_opened(sealer, host.contact_phone_sealed, b"host.contact_phone_sealed"),
        person_name=line.name(sealer),
        id_number=line.id_number(sealer),
        phone=line.phone(sealer),
        title=line.title,
        kind=PositionKind(line.kind).label,
        place=_place(line),
        plan=line.description,
        mentor=line.mentor_name(sealer),
        starts_on=starts_on,
        ends_on=kept or (last_day(starts_on, months) if starts_on else None),
        months=months,
        stipend_fen=line.stipend_fen,
        hours=agreed.get("hours"),
        pay_day=agreed.get("pay_day"),
        insurance=agreed.get("insurance"),
    )


def certificate_of(
    connection: Connection, sealer: Sealer, internship_id: int, *, tasks: str = "", appraisal: str = ""
) -> Certificate:
    """What the certificate of an ended internship says, in clear. Raises `NotFound`, and `Refused` before the end."""
    line = one(connection, internship_id)
    if line.stage != Stage.ENDED or line.ending is None:
        raise Refused("见习还没有结束，结束后才能出具见习证明。")
    return Certificate(
        host_name=line.host_name,
        uscc=line.uscc,
        person_name=line.name(sealer),
        id_number=line.id_number(sealer),
        title=line.title,
        kind=PositionKind(line.kind).label,
        mentor=line.mentor_name(sealer),
        arrived_on=line.arrived_on,
        ended_on=line.ended_on,
        ending=Ending(line.ending).label,
        tasks=tasks or line.description,
        appraisal=appraisal or TO_BE_WRITTEN,
    )


def write_agreement(path: Path, agreement: Agreement, data: Path) -> None:
    """Write the agreement to `path`, mode 0600; `data` is the data folder. Raises `Refused` naming what is missing."""
    _refuse_incomplete("协议", missing(agreement))
    paper, text = _filled(_template(AGREEMENT, data), agreement)
    if lost := clauses_missing(text):
        raise Refused(
            f"协议模板缺少这些条款：{'、'.join(lost)}。请补进 {_template(AGREEMENT, data).name} 再生成。"
        )
    _write(path, paper)


def write_certificate(path: Path, certificate: Certificate, data: Path) -> None:
    """Write the certificate to `path`, as `write_agreement`."""
    _refuse_incomplete("见习证明", missing(certificate))
    paper, _ = _filled(_template(CERTIFICATE, data), certificate)
    _write(path, paper)


def _refuse_incomplete(what: str, lacking: tuple[str, ...]) -> None:
    if lacking:
        raise Refused(f"{what}还缺：{'、'.join(lacking)}。请补上再生成。")


def _newest(connection: Connection, internship_id: int, kind: Kind) -> dict[str, Any]:
    rows = transitions.standing(transitions.kept(connection, internship_id))
    return next((row.detail for row in reversed(rows) if row.kind == kind), {})


def _opened(sealer: Sealer, sealed: bytes | None, context: bytes) -> str | None:
    return sealer.open_text(sealed, context) if sealed else None


def _place(line: Line) -> str:
    where = place_label(line.district) if line.district else city(line.city).name
    return f"{where}{line.address or ''}"


def _template(name: str, data: Path) -> Path:
    own = data / "templates" / name
    return own if own.is_file() else SHIPPED / name


def _filled(template: Path, paper: Agreement | Certificate) -> tuple[DocxTemplate, str]:
    """The template with its blanks filled, and its text."""
    # Imported here: it takes half a second, which no other command should wait for.
    from docxtpl import DocxTemplate  # noqa: PLC0415

    filled = DocxTemplate(template)
    sandbox = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    try:
        filled.render(_words(paper), sandbox)
    except TemplateError as error:
        raise Refused(
            f"模板 {template.name} 有填不上的空：{error.message}。请对照 docs/internships.md 修改。"
        ) from None
    # Not get_docx(): it reads the template anew.
    text = "\n".join(paragraph.text for paragraph in filled.docx.paragraphs)
    return filled, text


def _words(paper: Agreement | Certificate) -> dict[str, str]:
    """The blanks by name, as they read."""
    values = {field.name: getattr(paper, field.name) for field in fields(paper)}
    if isinstance(paper, Agreement) and paper.stipend_fen is not None:
        values["stipend"] = yuan(paper.stipend_fen)
    return {name: _word(value) for name, value in values.items()}


def _word(value: object) -> str:
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    return "" if value is None else str(value)


def _write(path: Path, paper: DocxTemplate) -> None:
    made = BytesIO()
    paper.save(made)
    with open_private(path) as file:
        file.write(made.getvalue())
