"""The provider's codes, and the exception each becomes (section 3).

Every exception says what became of the request, for that decides whether it may be
made again: `NotSentError`, it certainly did not reach the provider; `UnknownFateError`,
nobody knows; `RefusedError`, the provider answered, and its answer is final. The `reason`
of each is its name where users and their automations meet it.
"""

from enum import StrEnum


class Code(StrEnum):
    """The provider's two-digit codes."""

    SUCCESS = "00"
    UNKNOWN_ERROR = "99"
    USE_POST_METHOD = "97"
    USE_GET_METHOD = "95"
    MISSING_GET_PARAMS = "93"
    MISSING_POST_DATA = "91"
    WRONG_XML_FORMAT = "89"
    WRONG_USER_OR_PASSWORD = "87"
    WRONG_SMS_HEADER = "85"
    WRONG_SEND_DATE_TIME = "84"
    EMPTY_SMS = "83"
    NOT_ENOUGH_CREDITS = "81"
    DLR_ID_NOT_FOUND = "79"
    ALREADY_BLACKLISTED = "78"
    DUPLICATED_MESSAGE = "77"
    MESSAGE_WAITING_TO_SEND = "29"
    MESSAGE_SEND_ERROR = "27"
    DLR_OPERATION_STARTED = "25"
    DLR_OPERATION_COMPLETED = "23"


class BismsError(Exception):
    """Anything that kept a call from succeeding; its text is safe to show.

    Attributes
    ----------
    reason
        What kept it, as a name that does not change.
    """

    reason: str


class NotSentError(BismsError):
    """No connection came about, so the request certainly had no effect."""

    reason = "cannot_connect"


class UnknownFateError(BismsError):
    """The request may or may not have had its effect: something was lost after it began."""


class RefusedError(BismsError):
    """The provider refused; asking the same again gives the same answer.

    Attributes
    ----------
    code
        The two digits the provider answered.
    """

    def __init__(self, code: str) -> None:
        """Remember the code; the text names it in the provider's own words."""
        name = Code(code).name if code in Code else "a code it does not document"
        super().__init__(f"The provider answered {code} ({name})")
        self.code = code


class ProtocolError(BismsError):
    """The answer is not one that the provider's document describes."""


class NoAnswerError(UnknownFateError):
    """The request began, but its answer never came: time-out or lost connection."""

    reason = "no_answer"


class ServerError(UnknownFateError):
    """The server said that it failed: HTTP status 5xx."""

    reason = "server_error"


class UnknownError(UnknownFateError):
    """99: the provider itself does not know what happened."""

    reason = "unknown_error"


class UnreadableAnswerError(ProtocolError, UnknownFateError):
    """The answer is empty, cut, too large, an HTML page or otherwise no answer at all."""

    reason = "unreadable_answer"


class UnknownCodeError(ProtocolError, RefusedError):
    """The provider answered two digits that its document does not list: the reason names them."""

    reason = "unknown_code"

    def __init__(self, code: str) -> None:
        """Remember the code."""
        super().__init__(code)
        self.reason = f"{self.reason}:{code}"


class UsePostMethodError(RefusedError):
    """97: the call must be a POST."""

    reason = "use_post_method"


class UseGetMethodError(RefusedError):
    """95: the call must be a GET."""

    reason = "use_get_method"


class MissingGetParamsError(RefusedError):
    """93: a GET parameter is missing or empty."""

    reason = "missing_get_params"


class MissingPostDataError(RefusedError):
    """91: the POST body is missing or unreadable."""

    reason = "missing_post_data"


class WrongXmlFormatError(RefusedError):
    """89: the body is not XML that can be read, or an element is empty."""

    reason = "wrong_xml_format"


class InvalidAuthError(RefusedError):
    """87: user name or API secret is wrong."""

    reason = "invalid_auth"


class WrongHeaderError(RefusedError):
    """85: the sender name is unknown or not approved."""

    reason = "wrong_header"


class WrongSendTimeError(RefusedError):
    """84: the time is malformed or more than a year ahead."""

    reason = "wrong_send_time"


class EmptySmsError(RefusedError):
    """83: no number or no text was left after the provider's inspection."""

    reason = "empty_sms"


class NotEnoughCreditsError(RefusedError):
    """81: the credit does not cover the message."""

    reason = "not_enough_credits"


class ReportNotFoundError(RefusedError):
    """79: no report with this dlrId."""

    reason = "report_not_found"


class AlreadyBlacklistedError(RefusedError):
    """78: the number is on the blacklist already."""

    reason = "already_blacklisted"


class DuplicateMessageError(RefusedError):
    """77: the same SMS was sent within the last two minutes."""

    reason = "duplicate_message"


REFUSALS: dict[str, type[RefusedError]] = {
    Code.USE_POST_METHOD: UsePostMethodError,
    Code.USE_GET_METHOD: UseGetMethodError,
    Code.MISSING_GET_PARAMS: MissingGetParamsError,
    Code.MISSING_POST_DATA: MissingPostDataError,
    Code.WRONG_XML_FORMAT: WrongXmlFormatError,
    Code.WRONG_USER_OR_PASSWORD: InvalidAuthError,
    Code.WRONG_SMS_HEADER: WrongHeaderError,
    Code.WRONG_SEND_DATE_TIME: WrongSendTimeError,
    Code.EMPTY_SMS: EmptySmsError,
    Code.NOT_ENOUGH_CREDITS: NotEnoughCreditsError,
    Code.DLR_ID_NOT_FOUND: ReportNotFoundError,
    Code.ALREADY_BLACKLISTED: AlreadyBlacklistedError,
    Code.DUPLICATED_MESSAGE: DuplicateMessageError,
}
"""The exception for each code that refuses."""


def refusal(code: str) -> BismsError:
    """Return the exception that a failure code becomes (section 3).

    Parameters
    ----------
    code
        Two digits other than 00.

    Returns
    -------
    BismsError
        `UnknownError` for 99; the code's own `RefusedError`; for a code outside the
        table, or one that makes no sense as a refusal, `UnknownCodeError`.
    """
    if code == Code.UNKNOWN_ERROR:
        return UnknownError(f"The provider answered {code} ({Code.UNKNOWN_ERROR.name})")
    return REFUSALS.get(code, UnknownCodeError)(code)
