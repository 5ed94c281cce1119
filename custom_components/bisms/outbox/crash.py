"""What goes to the log of an exception that nobody expected: where, but no values."""

from logging import Logger
from traceback import format_tb


def log_crash(logger: Logger, what: str, err: BaseException) -> None:
    """Log where an exception came from, without its text, which may hold a secret.

    Parameters
    ----------
    logger
        The logger of whoever caught it.
    what
        What was being done, in words.
    err
        The exception.
    """
    frames = "".join(format_tb(err.__traceback__))
    logger.error("%s failed with %s at\n%s", what, type(err).__name__, frames)
