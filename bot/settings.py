"""Settings (配置): the only reader of the environment and of `.env`. Everything else gets values as arguments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "JIANXI_"


class Settings(BaseSettings):
    """One field for each `JIANXI_…` name; the description is what the README's table says."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    data: Path = Field(Path("var"), description="数据目录：数据库、密钥、日志都在这里")
    database_url: str = Field(
        "", description="数据库地址，默认是数据目录里的 SQLite；多台机器用 postgresql://…"
    )
    host: str = Field("127.0.0.1", description="监听地址")
    port: int = Field(8080, ge=1, le=65535, description="监听端口")
    public_url: str = Field("", description="群众访问的 https 地址")
    secret_key_file: Path | None = Field(
        None, description="密钥文件；SQLite 首次运行时自动生成在数据目录，其他情况必须给出"
    )
    wechat_app_id: str = Field("", description="公众号 AppID；连同下面两项填齐就启用")
    wechat_secret: SecretStr = Field(SecretStr(""), description="公众号 AppSecret")
    wechat_token: SecretStr = Field(SecretStr(""), description="公众号服务器配置里的 Token")
    wechat_aes_key: SecretStr = Field(
        SecretStr(""), description="消息加解密密钥，43 个字符；填了就是安全模式"
    )
    wechat_previous_aes_key: SecretStr = Field(
        SecretStr(""), description="刚换下来的消息加解密密钥，换钥期间两把都收"
    )
    wechat_template: str = Field("", description="模板消息的模板 ID：48 小时以外的通知用它")
    wechat_subscription_template: str = Field("", description="订阅通知的模板 ID：对方订阅过才能发")
    wechat_api_url: str = Field("https://api.weixin.qq.com", description="公众号接口地址")
    telegram_token: SecretStr = Field(SecretStr(""), description="Telegram 机器人令牌，填了就启用")
    telegram_api_url: str = Field("https://api.telegram.org", description="Telegram 接口地址")
    telegram_mode: Literal["polling", "webhook"] = Field("polling", description="Telegram 收消息的方式")
    telegram_webhook_secret: SecretStr = Field(SecretStr(""), description="Telegram webhook 的校验值")
    sensitive_input: Literal["", "form", "chat"] = Field(
        "",
        description="在微信、Telegram 上身份信息用网页表单（form）还是聊天（chat）填；有公网地址时默认 form",
    )
    timezone: str = Field("Asia/Shanghai", description="业务所在时区，决定“今天”")
    log_format: Literal["text", "json"] = Field("text", description="日志格式")

    @field_validator("public_url", "wechat_api_url", "telegram_api_url")
    @classmethod
    def _no_slash_at_the_end(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (LookupError, ValueError, OSError):  # unknown; no relative path; a folder of zones
            raise ValueError(f"没有“{value}”这个时区，例如 Asia/Shanghai。") from None
        return value

    @property
    def has_wechat(self) -> bool:
        """Whether the official account is configured."""
        return bool(
            self.wechat_app_id
            and self.wechat_secret.get_secret_value()
            and self.wechat_token.get_secret_value()
        )

    @property
    def has_telegram(self) -> bool:
        """Whether the bot is configured, with all that its way of listening needs."""
        webhook = self.public_url and self.telegram_webhook_secret.get_secret_value()
        return bool(self.telegram_token.get_secret_value()) and (
            self.telegram_mode == "polling" or bool(webhook)
        )

    @property
    def form_url(self) -> str:
        """Where forms for sensitive answers are reached; "" when they are taken in the chat."""
        return self.public_url if self.sensitive_input in ("", "form") else ""

    @property
    def database(self) -> str:
        """The database's address, SQLAlchemy form."""
        if self.database_url:
            return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1).replace(
                "postgres://", "postgresql+psycopg://", 1
            )
        return f"sqlite:///{(self.data / 'jianxi.db').resolve()}"

    @property
    def embedded(self) -> bool:
        """Whether the database is a file of ours, so that a first run may set everything up by itself."""
        return self.database.startswith("sqlite")

    @property
    def key_file(self) -> Path:
        """Where the secret keys are."""
        return self.secret_key_file or self.data / "secret.key"

    @property
    def may_make_key(self) -> bool:
        """Only an embedded first run makes a key; elsewhere a second key would split the data."""
        return self.embedded and self.secret_key_file is None


def load(**overrides: object) -> Settings:
    """Settings from the environment and `.env`; raises pydantic's ValidationError naming the field."""
    return Settings(**overrides)  # type: ignore[arg-type]


def unknown_names() -> tuple[str, ...]:
    """`JIANXI_…` names in the environment or `.env` that mean nothing to us: most likely misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"JIANXI_TEST_POSTGRES_URL"}
    names = {name for name in os.environ if name.startswith(PREFIX)}
    file = Path(".env")
    if file.is_file():
        lines = (
            line.split("=", 1)[0].strip() for line in file.read_text("utf-8").splitlines() if "=" in line
        )
        names |= {line for line in lines if line.startswith(PREFIX)}
    return tuple(sorted(names - known))
