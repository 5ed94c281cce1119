"""The one place where a fault becomes words: its reason is the key of its translation."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .provider.codes import BismsError


def failed[ErrorT: HomeAssistantError](reason: str, kind: type[ErrorT]) -> ErrorT:
    """Return what a user is told of something that failed for this reason."""
    key, _, code = reason.partition(":")
    return kind(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"code": code} if code else None,
    )


def fault[ErrorT: HomeAssistantError](err: BismsError, kind: type[ErrorT]) -> ErrorT:
    """Return what a user is told of a fault of the provider or the network."""
    return failed(err.reason, kind)


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
