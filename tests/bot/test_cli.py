"""The command line: help with examples, exit statuses, faults that are named, and files that open elsewhere."""

import json
import re
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest
import typer
from openpyxl import load_workbook
from rich.cells import cell_len
from typer.core import TyperGroup

from bot.app import Parts, utc_now
from bot.cli import app
from bot.demo import PEOPLE, load_demo
from bot.export import HEADERS
from bot.transcripts import Transcript, read, words
from bot.turns import Incoming, Turns
from dialogs.model import Said, Started
from tests.journeys.applicants import graduate, youth
from tests.serving import Run, environment, free_port, jianxi, service
from tests.talking import Clock, next_id, take_all


def commands() -> Iterator[tuple[str, ...]]:
    """Every command there is, without the groups."""

    def below(group: TyperGroup, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            if isinstance(command, TyperGroup):
                yield from below(command, (*path, name))
            else:
                yield (*path, name)

    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return below(root, ())


COMMANDS = list(commands())


def test_all_commands_of_this_version_are_there() -> None:
    assert {" ".join(path) for path in COMMANDS} >= {
        "serve",
        "chat",
        "migrate",
        "doctor",
        "people list",
        "export people",
        "dialogs check",
        "dialogs draw",
        "keys rotate",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_shows_an_example_that_is_this_command(run: Run, path: tuple[str, ...]) -> None:
    done = run(*path, "--help")
    assert done.status == 0
    assert f"例：jianxi {' '.join(path)}" in done.out


@pytest.mark.parametrize("program", ["-m bot", "jianxi"])
def test_both_ways_of_starting_it_are_the_same(plain_environment: None, tmp_path: Path, program: str) -> None:
    command = (
        [sys.executable, "-m", "bot"]
        if program == "-m bot"
        else [str(Path(sys.executable).with_name("jianxi"))]
    )
    done = subprocess.run([*command, "dialogs", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "没有发现问题" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("people", "list", "--json"), 0),
        (("dialogs", "check"), 0),
        (("nothing",), 2),
        (("people", "list", "--nothing"), 2),
        (("dialogs", "draw", "nothing"), 2),
        (("export", "people", "people.csv"), 2),
        (("export", "people", "no/such/folder/people.xlsx"), 1),
        (("serve", "--role", "nothing"), 2),
        (("keys", "create", "no/such/folder/key"), 1),
    ],
)
def test_exit_statuses(run: Run, arguments: tuple[str, ...], status: int) -> None:
    done = run(*arguments)
    assert done.status == status, done
    assert bool(done.error) == (status != 0), "a fault is explained on standard error"
    assert "Traceback" not in done.error


@pytest.mark.parametrize(
    ("name", "value"), [("port", "99999"), ("port", "0"), ("port", "eighty"), ("log_format", "xml")]
)
def test_a_wrong_setting_is_named(run: Run, name: str, value: str) -> None:
    done = run("people", "list", **{name: value})
    assert done.status == 2
    assert f"JIANXI_{name.upper()}" in done.error


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("port", "abc", "要写成数字，例如 8080。"),
        ("port", "0", "不能小于 1。"),
        ("port", "70000", "不能大于 65535。"),
        ("log_format", "xml", "只能是 'text'、'json' 中的一个。"),
    ],
)
def test_what_a_setting_must_be_is_said_in_words(run: Run, name: str, value: str, said: str) -> None:
    assert run("doctor", **{name: value}).error == f"配置 JIANXI_{name.upper()} 不对：{said}\n"


@pytest.mark.parametrize("name", ["Mars", "Asia", "../Shanghai", "/etc/localtime", "北京", ""])
@pytest.mark.parametrize("command", [("serve",), ("doctor",), ("people", "list")], ids=" ".join)
def test_an_unknown_time_zone_is_named_with_one_that_is_known(
    run: Run, command: tuple[str, ...], name: str
) -> None:
    done = run(*command, timezone=name)
    assert done.status == 2
    assert done.error == f"配置 JIANXI_TIMEZONE 不对：没有“{name}”这个时区，例如 Asia/Shanghai。\n"


def test_an_unknown_setting_is_reported_and_does_not_stop_anything(run: Run) -> None:
    done = run("doctor", databse_url="sqlite:///x")
    assert done.status == 0
    assert "JIANXI_DATABSE_URL" in done.out


def test_the_service_reports_an_unknown_setting(data: Path) -> None:
    with service(data, prot="80") as running:
        assert "JIANXI_PROT" in running.log


def test_a_busy_port_is_a_clear_error_that_says_what_to_do(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = jianxi(data, "serve", port=str(port))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "JIANXI_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_base_that_is_not_there_is_a_clear_error(run: Run) -> None:
    done = run("people", "list", database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    assert done.status == 1
    assert "jianxi doctor" in done.error
    assert "Traceback" not in done.error


def test_demo_data_is_loaded_into_an_empty_base_and_is_marked(data: Path, run: Run) -> None:
    with service(data, "--demo"):
        rows = json.loads(run("people", "list", "--json").out)
    assert len(rows) == len(PEOPLE)
    assert all(row["demo"] for row in rows)


async def test_demo_data_leaves_a_base_with_people_alone(parts: Parts, clock: Clock) -> None:
    def load() -> int:
        return parts.database.write_sync(lambda c: load_demo(c, parts.sealer, clock(), clock().date()))

    await take_all(parts.turns, graduate(clock().date()).words)
    assert load() == 0


def test_migrate_and_doctor_and_people_on_postgresql(
    run: Run, empty_postgresql_url: str, tmp_path: Path
) -> None:
    """Elsewhere than in the embedded base nothing is made by itself."""
    key = tmp_path / "secret.key"
    there = {"database_url": empty_postgresql_url, "secret_key_file": str(key)}
    assert "不存在" in run("people", "list", **there).error
    assert run("keys", "create", str(key)).status == 0
    before = run("people", "list", **there)
    assert before.status == 1
    assert "jianxi migrate" in before.error
    assert run("migrate", **there).status == 0
    assert run("people", "list", "--json", **there).out == "[]\n"
    doctor = run("doctor", **there)
    assert doctor.status == 0, doctor.out


# --- people ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def peopled(parts: Parts, clock: Clock) -> Parts:
    """A base with a graduate, and a youth whose school is a formula."""
    today = clock().date()
    words = ['=HYPERLINK("http://x")中学' if word == "东山中学" else word for word in youth(today).words]
    await take_all(parts.turns, graduate(today).words, address="a")
    [*_, last] = await take_all(parts.turns, words, address="b")
    assert last["step"] == "done"
    return parts


def test_people_are_listed_masked_for_eyes_and_programs(peopled: Parts, run: Run) -> None:
    table = run("people", "list").out
    assert "陈*" in table
    assert "陈晓琳" not in table
    rows = json.loads(run("people", "list", "--json").out)
    assert [row["name"] for row in rows] == ["陈*", "林*"]
    assert rows[1]["hardship"] == "1项（已隐藏）"
    assert rows[0]["labels"]["education"] == "大学本科"


def test_the_list_is_whole_on_a_terminal_of_80_columns(peopled: Parts, run: Run, data: Path) -> None:
    command = [sys.executable, "-m", "bot", "people", "list"]
    narrow = environment(data) | {"COLUMNS": "80"}
    done = subprocess.run(command, env=narrow, capture_output=True, text=True, check=True)
    assert "…" not in done.stdout
    assert max(cell_len(line) for line in done.stdout.splitlines()) <= 80
    for cell in ("138****0001", "毕业生", "失业青年", "广州市天河区", "大学本科", "符合"):
        assert cell in done.stdout


async def test_a_major_does_not_draw_the_list(parts: Parts, clock: Clock, run: Run) -> None:
    words = ["软件[/]工程" if word == "软件工程" else word for word in graduate(clock().date()).words]
    await take_all(parts.turns, words)
    assert "软件[/]工程" in run("people", "list").out


def test_unmasking_is_written_into_the_audit_log(peopled: Parts, run: Run, data: Path) -> None:
    def acts() -> list[tuple[str, str]]:
        with sqlite3.connect(data / "jianxi.db") as base:
            rows = base.execute("SELECT action, actor FROM audit WHERE subject = 'people' ORDER BY id")
            return list(rows)

    run("people", "list")
    assert acts() == []
    assert "陈晓琳" in run("people", "list", "--json", "--unmask").out
    [(action, actor)] = acts()
    assert action == "people.list"
    assert actor.startswith("cli:")


@pytest.mark.parametrize("unmask", [False, True])
def test_an_export_opens_in_excel_as_text_and_runs_nothing(
    peopled: Parts, run: Run, tmp_path: Path, unmask: bool
) -> None:
    file = tmp_path / "people.xlsx"
    done = run("export", "people", str(file), *(["--unmask"] if unmask else []))
    assert done.status == 0, done.error
    assert "2 人" in done.out
    [sheet] = load_workbook(file).worksheets
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == list(HEADERS.values())
    column = {cell.value: number for number, cell in enumerate(header)}
    assert len(rows) == 2
    for row in rows:
        assert {cell.data_type for cell in row if cell.value is not None} == {"s"}
    number = rows[0][column["身份证号"]].value
    assert isinstance(number, str)
    assert number.startswith("440000200403080" if unmask else "440000********")
    assert (rows[0][column["姓名"]].value == "陈晓琳") is unmask
    assert (rows[0][column["学历"]].value, rows[1][column["失业登记"]].value) == ("大学本科", "已登记")
    school = rows[1][column["毕业院校"]].value
    assert isinstance(school, str)
    assert school.startswith("'=HYPERLINK"), "a formula that somebody typed stays text"


@pytest.mark.parametrize("before", [None, 0o644])
def test_what_people_told_is_written_for_the_owner_only(
    peopled: Parts, run: Run, tmp_path: Path, before: int | None
) -> None:
    files = tmp_path / "people.xlsx", tmp_path / "talk.txt"
    for file in files if before else ():
        file.write_text("older and longer" * 1000)
        file.chmod(before or 0)
    assert run("export", "people", str(files[0]), "--unmask").status == 0
    assert run("chat", "--record", str(files[1]), text="我要报名\n").status == 0
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert len(load_workbook(files[0]).worksheets) == 1
    assert files[1].read_text("utf-8").endswith("@ registration.track 0/20\n")


def test_an_export_to_where_nothing_may_be_written_is_a_clear_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "people.xlsx").mkdir()
    done = run("export", "people", str(tmp_path / "people.xlsx"))
    assert done.status == 1
    assert "people.xlsx" in done.error
    assert "Traceback" not in done.error


# --- keys --------------------------------------------------------------------------------------------------------


def test_a_rotation_tells_what_was_sealed_anew_line_by_line(peopled: Parts, run: Run) -> None:
    done = run("keys", "rotate")
    assert done.status == 0, done.error
    lines = done.error.splitlines()
    assert "person：2 行" in lines
    assert all(re.fullmatch(r"[a-z_]+：\d+ 行", line) for line in lines), lines
    assert len(lines) == len(set(lines)) > 3


# --- dialogs -----------------------------------------------------------------------------------------------------


def test_a_dialog_is_drawn_as_a_mermaid_flowchart(run: Run) -> None:
    done = run("dialogs", "draw", "registration")
    assert done.status == 0
    assert done.out.startswith(("flowchart", "stateDiagram"))
    for step in ("track", "consent", "confirm_known", "review", "not_eligible"):
        assert step in done.out


def test_drawing_an_unknown_dialog_names_those_there_are(run: Run) -> None:
    done = run("dialogs", "draw", "nothing")
    assert done.status == 2
    assert "registration" in done.error


# --- talking in the terminal ---------------------------------------------------------------------------------------


def test_a_recorded_conversation_replays_to_the_same_transcript(
    run: Run, tmp_path: Path, turns: Turns, clock: Clock
) -> None:
    typed = ["见习有工资吗", *graduate(utc_now().date()).words[:6], "两行\\字", "帮助", "取消"]
    file = tmp_path / "recorded.txt"
    done = run("chat", "--record", str(file), text="\n".join(typed) + "\n/quit\n还有吗\n")
    assert done.status == 0, done.error
    recorded = file.read_text("utf-8")
    assert "还有吗" not in recorded

    script = read(recorded)
    clock.now = script.begins.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    again = Transcript(clock.now)

    def happens(event: Said | Started, text: str = "") -> None:
        incoming = Incoming("terminal", "replay", next_id(), event, text)
        reply = turns.database.write_sync(lambda connection: turns.handle(connection, incoming))
        again.heard(orjson.loads(reply.body))

    happens(Started())
    for line in script.lines:
        again.said(words(line))
        happens(Said(words(line)), words(line))
    assert again.text() == recorded
    assert [words(line) for line in script.lines] == typed


def test_a_line_of_the_consent_text_is_not_broken_after_its_bullet(run: Run) -> None:
    shown = run("chat", text="\n".join(graduate(utc_now().date()).words[:5])).out
    assert "· 用来做什么" in shown
    assert [line for line in shown.splitlines() if line.strip() == "·"] == []


def test_the_same_name_goes_on_talking_where_it_stopped(run: Run) -> None:
    run("chat", "--as", "somebody", text="我要报名\n1\n")
    assert "第 2 题" in run("chat", "--as", "somebody", text="进度\n").out
    assert "您还没有报名" in run("chat", "--as", "somebody else", text="进度\n").out


def test_bytes_that_are_no_text_are_survived(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "chat"],
        env=environment(data),
        input=b"\xff\xfe\x00\xd8\n" + "我要报名\n".encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert "您是哪一种情况" in done.stdout.decode()
