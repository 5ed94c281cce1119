"""What the log says of something that nobody expected."""

import io
import logging

from custom_components.bisms.outbox.crash import log_crash

SECRET = "0123456789abcdef"


def ask_with_secret(secret: str) -> None:
    """Fail as a library does that puts what it was given into its error."""
    raise RuntimeError(f"http://example/?password={secret}")


def said_of_a_crash() -> str:
    """Return what is logged of an error whose text names the secret."""
    said = io.StringIO()
    logger = logging.getLogger("a logger that nobody else listens to")
    logger.propagate = False
    handler = logging.StreamHandler(said)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    try:
        ask_with_secret(SECRET)
    except RuntimeError as err:
        log_crash(logger, "Sending a message", err)
    return said.getvalue()


def test_the_log_says_what_failed_and_where() -> None:
    """As an error, so that someone sees it."""
    first, *frames = said_of_a_crash().splitlines()

    assert first == "ERROR Sending a message failed with RuntimeError at"
    assert any("in said_of_a_crash" in frame for frame in frames)
    assert any("in ask_with_secret" in frame for frame in frames)
    assert not any(frame[:2].strip() for frame in frames)


def test_the_log_does_not_say_with_which_values() -> None:
    """The error's text may hold the secret, a number or a message."""
    assert SECRET not in said_of_a_crash()
