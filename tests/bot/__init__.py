"""The shell, tested from outside: HTTP, command line, crashes, keys, and what must never be seen in clear."""
