"""The official account of the measurement: nobody's. Imports nothing, so that any environment can."""

from __future__ import annotations

from typing import Final

APP_ID: Final = "wx0123456789abcdef"
ACCOUNT: Final = "gh_0123456789ab"
TOKEN: Final = "token-of-the-callback"  # noqa: S105
AES_KEY: Final = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
