"""Errors a user can mend: one line that names the cause and the mend."""


class FFError(Exception):
    """Something outside the program is wrong; the message says what, and what to do about it.

    The command line prints the message alone, without a traceback, and exits with 1.
    """


class UsageError(FFError):
    """The command or its options are wrong; the program exits with 2."""


class DataError(FFError):
    """A data file is missing, damaged or holds impossible values."""


class CheckpointError(FFError):
    """A checkpoint or model folder is damaged, or belongs to another configuration."""


class DivergenceError(FFError):
    """Goodness stopped being finite; the message names the layer and the epoch."""
