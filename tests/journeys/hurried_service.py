"""`jianxi` that writes to a Telegram chat as fast as it can: a test does not wait a second for each message."""

from bot.__main__ import main
from bot.channels import telegram

telegram.BURST = 10_000  # type: ignore[misc]

if __name__ == "__main__":
    main()
