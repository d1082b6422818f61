"""`python -m forward_forward` is `ff`: it listens to Ctrl-C before it imports anything else."""

import signal
import sys
from types import FrameType

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

    A library that is interrupted while it is imported may fail in its own way: whatever ends the program after Ctrl-C,
    was Ctrl-C.
    """
    asked = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is to be ignored
        signal.signal(signal.SIGINT, stop)
    try:
        from forward_forward.cli import main as run

        run()
    except (KeyboardInterrupt, Exception):
        if not asked:
            raise
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one has nothing left to stop


if __name__ == "__main__":
    main()
