"""The doctor (自检): looks at settings, keys, database and channels; names each fault and how to mend it."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot import doctor_ledger
from bot import settings as environment
from bot.channels.wechat_menu import BadMenu, load_menu
from bot.findings import Finding
from bot.settings import Settings
from bot.texts import catalogue
from dialogs.errors import BadDefinition
from storage.database import Connection, Database
from storage.errors import StorageError, StorageUnavailable
from storage.keys import KeyFile
from storage.rotation import check_keys
from storage.schema import schema_state
from storage.sealing import Sealer

AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
TELEGRAM_TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Look at everything; changes nothing. `now` is in UTC."""
    findings = [
        Finding("配置", "warning", f"不认识 {name}，是不是写错了？") for name in environment.unknown_names()
    ]
    zone = _timezone(settings)
    today = (now.astimezone(ZoneInfo(settings.timezone)) if zone.state == "ok" else now).date()
    findings.append(zone)
    findings.append(_public_url(settings))
    findings.append(_folder(settings))
    sealer, key = _keys(settings)
    findings.append(key)
    ledger: list[Finding] = []
    findings.append(_database(settings, sealer, lambda c: ledger.extend(doctor_ledger.contents(c, today))))
    findings.append(_dialogs())
    findings.extend((*doctor_ledger.rules(settings, today), *ledger))
    findings.extend((wechat(settings), telegram(settings), sensitive_input(settings)))
    return findings


def _timezone(settings: Settings) -> Finding:
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return Finding("时区", "fault", f"不认识 {settings.timezone}，请设 JIANXI_TIMEZONE=Asia/Shanghai。")
    return Finding("时区", "ok", settings.timezone)


def _public_url(settings: Settings) -> Finding:
    url = settings.public_url
    if not url:
        return Finding("公网地址", "off", "没有设 JIANXI_PUBLIC_URL：只在本机使用时不需要。")
    if not url.startswith("https://"):
        return Finding("公网地址", "fault", "JIANXI_PUBLIC_URL 要以 https:// 开头：身份信息不能走明文。")
    return Finding("公网地址", "ok", url)


def _folder(settings: Settings) -> Finding:
    data = settings.data
    if not data.exists():
        return Finding("数据目录", "ok", f"{data.resolve()} 还没有，首次运行时会建好。")
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o077:
        return Finding("数据目录", "warning", f"{data.resolve()} 别人也能进，请执行：chmod 700 {data}")
    return Finding("数据目录", "ok", str(data.resolve()))


def _keys(settings: Settings) -> tuple[Sealer | None, Finding]:
    if (
        settings.may_make_key
        and not settings.key_file.exists()
        and not (settings.data / "jianxi.db").exists()
    ):
        return None, Finding("密钥", "ok", "还没有，首次运行时会生成。")
    try:
        sealer = Sealer(KeyFile(settings.key_file))
    except StorageError as error:
        return None, Finding("密钥", "fault", str(error))
    return sealer, Finding(
        "密钥", "ok", f"{settings.key_file}，共 {len(sealer.ring.ids)} 把。请确认已另行备份。"
    )


def _database(settings: Settings, sealer: Sealer | None, look: Callable[[Connection], None]) -> Finding:
    """Whether the base can be used; if so, `look` into it."""
    if settings.embedded and not (settings.data / "jianxi.db").exists() and not settings.database_url:
        return Finding("数据库", "ok", "还没有，首次运行时会建好。")
    try:
        state = schema_state(settings.database)
        if not state.up_to_date:
            return Finding(
                "数据库",
                "fault",
                f"表结构是 {state.current or '空的'}，需要 {state.head}：请执行 jianxi migrate。",
            )
        if sealer is not None:
            database = Database(settings.database)
            try:
                database.write_sync(lambda connection: check_keys(connection, sealer))
                database.read_sync(look)
            finally:
                database.close_sync()
    except StorageUnavailable as error:
        where = (
            "磁盘满没满、有没有别的程序占着"
            if settings.embedded
            else "它在不在运行、JIANXI_DATABASE_URL 对不对"
        )
        return Finding("数据库", "fault", f"连不上（{error}）：请看{where}。")
    except StorageError as error:
        return Finding("数据库", "fault", str(error))
    return Finding("数据库", "ok", f"连接正常，表结构 {state.head}。")


def _dialogs() -> Finding:
    try:
        dialogs = catalogue().dialogs
    except BadDefinition as error:
        return Finding("对话", "fault", "；".join(error.problems))
    return Finding("对话", "ok", f"{len(dialogs)} 个，检查通过。")


def wechat(settings: Settings) -> Finding:
    """The official account: it is opened unless this is off or a fault."""
    subject = "微信公众号"
    named = {
        "JIANXI_WECHAT_APP_ID": settings.wechat_app_id,
        "JIANXI_WECHAT_SECRET": settings.wechat_secret.get_secret_value(),
        "JIANXI_WECHAT_TOKEN": settings.wechat_token.get_secret_value(),
    }
    missing = [name for name, value in named.items() if not value]
    if len(missing) == len(named):
        return Finding(subject, "off", "没有配置，不启用。")
    if missing:
        return Finding(subject, "fault", f"还缺 {'、'.join(missing)}，补上才会启用。")
    for name, key in (
        ("JIANXI_WECHAT_AES_KEY", settings.wechat_aes_key.get_secret_value()),
        ("JIANXI_WECHAT_PREVIOUS_AES_KEY", settings.wechat_previous_aes_key.get_secret_value()),
    ):
        if key and not AES_KEY.fullmatch(key):
            return Finding(
                subject,
                "fault",
                f"{name} 应是 43 个字母和数字，现在是 {len(key)} 个字符，请到公众平台重新复制。",
            )
    if not settings.wechat_app_id.startswith("wx"):
        return Finding(subject, "fault", "JIANXI_WECHAT_APP_ID 应以 wx 开头，请到公众平台“开发”里核对。")
    try:
        load_menu(settings.public_url)
    except (BadMenu, tomllib.TOMLDecodeError) as error:
        return Finding(subject, "fault", f"菜单文件有误：{error}")
    address = f"{settings.public_url or 'https://<公网地址>'}/wechat"
    if not settings.wechat_aes_key.get_secret_value():
        return Finding(
            subject, "warning", f"明文模式。建议设 JIANXI_WECHAT_AES_KEY 改用安全模式。服务器地址填 {address}"
        )
    return Finding(subject, "ok", f"安全模式，服务器地址填 {address}")


def telegram(settings: Settings) -> Finding:
    """The bot: it is opened unless this is off or a fault."""
    subject = "Telegram"
    token = settings.telegram_token.get_secret_value()
    if not token:
        return Finding(subject, "off", "没有配置，不启用。")
    if not TELEGRAM_TOKEN.fullmatch(token):
        return Finding(
            subject, "fault", "JIANXI_TELEGRAM_TOKEN 的样子不对，应是“数字:字母数字”，请找 @BotFather 核对。"
        )
    if settings.telegram_mode == "polling":
        return Finding(subject, "ok", "轮询方式。Telegram 服务器在境外，请只用于演示和不含身份信息的咨询。")
    secret = settings.telegram_webhook_secret.get_secret_value()
    if not settings.public_url.startswith("https://"):
        return Finding(subject, "fault", "webhook 方式要设 JIANXI_PUBLIC_URL（https 地址），否则不会启用。")
    if not WEBHOOK_SECRET.fullmatch(secret):
        return Finding(
            subject,
            "fault",
            "webhook 方式要设 JIANXI_TELEGRAM_WEBHOOK_SECRET：1 到 256 个字母、数字、_ 或 -。",
        )
    return Finding(subject, "ok", f"webhook 方式，地址 {settings.public_url}/telegram")


def sensitive_input(settings: Settings) -> Finding:
    """Where identity fields are typed on channels that are not ours."""
    subject = "身份信息"
    if not (settings.has_wechat or settings.has_telegram):
        return Finding(subject, "ok", "只有自己的页面，直接在聊天里填。")
    if settings.form_url:
        return Finding(subject, "ok", "微信、Telegram 上用一次性网页表单填。")
    if settings.sensitive_input == "form":
        return Finding(
            subject, "fault", "设了 form，但没有 JIANXI_PUBLIC_URL，表单链接发不出去，身份信息会在聊天里问。"
        )
    return Finding(
        subject, "warning", "身份信息会出现在微信、Telegram 的聊天里。建议设 JIANXI_PUBLIC_URL 改用网页表单。"
    )
