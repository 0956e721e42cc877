"""`jianxi`, also `python -m bot`: the command line."""

from __future__ import annotations

import sys

from bot.cli import app
from bot.logs import masked
from dialogs.errors import BadDefinition
from storage.errors import StorageError, StorageUnavailable


def main() -> None:
    """Run the command line; faults end in a sentence that says what to do, never in a traceback."""
    try:
        app()
    except BadDefinition as error:
        sys.stderr.write("对话定义有误：\n" + "\n".join(error.problems) + "\n")
        sys.exit(1)
    except StorageUnavailable as error:
        sys.stderr.write(f"数据库用不了（{masked(str(error))}）。运行 jianxi doctor 看看原因。\n")
        sys.exit(1)
    except StorageError as error:
        sys.stderr.write(f"出错了：{masked(str(error))}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"出错了：{error.strerror or type(error).__name__}（{error.filename or ''}）\n")
        sys.exit(1)
    except Exception as error:  # its text may quote what people wrote
        sys.stderr.write(
            f"程序出错了（{type(error).__name__}）：没有做成，什么都没改。请把命令和这句话告诉系统管理员。\n"
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
