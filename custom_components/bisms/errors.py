"""The one place where a fault becomes words: the translation key of each."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .provider import codes

KEYS: dict[type[codes.BismsError], str] = {
    codes.NotSentError: "cannot_connect",
    codes.NoAnswerError: "no_answer",
    codes.ServerError: "server_error",
    codes.UnreadableAnswerError: "unreadable_answer",
    codes.UnknownError: "unknown_error",
    codes.UnknownCodeError: "unknown_code",
    codes.UsePostMethodError: "use_post_method",
    codes.UseGetMethodError: "use_get_method",
    codes.MissingGetParamsError: "missing_get_params",
    codes.MissingPostDataError: "missing_post_data",
    codes.WrongXmlFormatError: "wrong_xml_format",
    codes.InvalidAuthError: "invalid_auth",
    codes.WrongHeaderError: "wrong_header",
    codes.WrongSendTimeError: "wrong_send_time",
    codes.EmptySmsError: "empty_sms",
    codes.NotEnoughCreditsError: "not_enough_credits",
    codes.ReportNotFoundError: "report_not_found",
    codes.AlreadyBlacklistedError: "already_blacklisted",
    codes.DuplicateMessageError: "duplicate_message",
}
"""The translation key, and the reason of a failed delivery, for each fault."""


def reason(err: codes.BismsError) -> str:
    """Return the reason a delivery gets for a fault; an unknown code is named in it."""
    key = KEYS[type(err)]
    return f"{key}:{err.code}" if isinstance(err, codes.UnknownCodeError) else key


def failed[ErrorT: HomeAssistantError](reason: str, kind: type[ErrorT]) -> ErrorT:
    """Return what a user is told of something that failed for this reason."""
    key, _, code = reason.partition(":")
    return kind(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"code": code} if code else None,
    )


def fault[ErrorT: HomeAssistantError](
    err: codes.BismsError, kind: type[ErrorT]
) -> ErrorT:
    """Return what a user is told of a fault of the provider or the network."""
    return failed(reason(err), kind)


def invalid(key: str, **placeholders: object) -> ServiceValidationError:
    """Return what wrong input is to the user."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={
            name: str(value) for name, value in placeholders.items()
        }
        or None,
    )
