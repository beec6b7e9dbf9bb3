"""Starts a child, a grandchild in a session of its own and one whose parents are gone; none ends by itself."""

import os
import signal


def stay() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()


if os.fork() == 0:
    stay()
if os.fork() == 0:
    os.setsid()
    os.fork()
    stay()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            stay()
    os._exit(0)
print("forked", flush=True)
while True:
    signal.pause()
