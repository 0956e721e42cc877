"""Starts `jianxi serve` again and again without loading the program each time: forks one that is loaded.

Each line on standard input starts one service. Its process id is printed, then whatever it prints; the next line is
read when it has ended.
"""

import os
import sys

from bot.__main__ import main
from bot.texts import catalogue

catalogue()
sys.argv = ["jianxi", "serve"]
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        main()
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    os.waitpid(child, 0)
