"""`python -m forward_forward` is `ff`."""

from forward_forward.cli import main

if __name__ == "__main__":
    main()
