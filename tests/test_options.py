"""The options of an account, changed while it runs, act on the next message."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Fault, Simulator

from .accounts import Days, act, attribute_of, do, sends, settled, state_of

TURKISH = "Işıklar açık " * 15
TOO_LONG = "kelime " * 200
LAST = "sensor.bisms_last_delivery_status"


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Change options on their screen, as a user does."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(
        form["flow_id"], {**entry.options, **options}
    )
    await settled(hass)
    assert entry.state is ConfigEntryState.LOADED


async def send(hass: HomeAssistant, message: str, **asked: Any) -> list[dict[str, Any]]:
    """Send a message to Ayşe, and return the objects of the answer."""
    answer = await act(
        hass, "send_message", recipients=["Ayşe"], message=message, **asked
    )
    messages: list[dict[str, Any]] = answer["messages"]
    return messages


@pytest.mark.parametrize(
    ("how", "language", "parts"),
    [
        ("keep", "turkish", 2),
        ("simplify", "english", 2),
        ("when_cheaper", "turkish", 2),
    ],
)
async def test_turkish_characters(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    how: str,
    language: str,
    parts: int,
) -> None:
    """They decide for every message, unless a call says otherwise."""
    await choose(hass, account, turkish_characters=how)

    [sent] = await send(hass, TURKISH)
    assert (sent["language"], sent["parts"]) == (language, parts)
    assert simulator.inbox[-1].raw_text == sent["text"]
    shown = await act(hass, "preview_message", message=TURKISH)
    assert shown["language"] == language

    [sent] = await send(hass, TURKISH + "!", turkish_characters="simplify")
    assert sent["language"] == "english"


async def test_an_account_without_options_has_the_defaults(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """All but a sender name, which only the user can choose."""
    hass.config_entries.async_update_entry(account, options={"header": "BASLIK3"})
    await settled(hass)
    assert account.state is ConfigEntryState.LOADED

    [sent] = await send(hass, TURKISH)

    assert (sent["header"], sent["language"]) == ("BASLIK3", "turkish")
    assert simulator.inbox[0].header == "BASLIK3"


async def test_turkish_letters_go_only_when_that_saves_a_part(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A text that is one part either way keeps them."""
    await choose(hass, account, turkish_characters="when_cheaper")

    assert (await send(hass, "Işık"))[0]["text"] == "Işık"
    [sent] = await send(hass, "ş" * 100)
    assert (sent["text"], sent["parts"]) == ("s" * 100, 1)


async def test_texts_that_are_too_long(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """They are cut, or split, and a call may say otherwise."""
    await choose(hass, account, too_long="truncate")
    [sent] = await send(hass, TOO_LONG)
    assert sent["parts"] == 6

    await choose(hass, account, too_long="split")
    assert len(await send(hass, "Yine " + TOO_LONG)) == 2
    assert len(await send(hass, "Son " + TOO_LONG, too_long="truncate")) == 1
    assert len(simulator.inbox) == 4


async def test_the_time_that_a_message_may_wait(
    hass: HomeAssistant, days: Days, account: MockConfigEntry
) -> None:
    """In minutes; a call may say otherwise."""
    await choose(hass, account, expire_after=7)

    def minutes(sent: dict[str, Any]) -> float:
        delivery = account.runtime_data.outbox.get(sent["id"])
        seconds: float = delivery.expires_at - delivery.created_at
        return seconds / 60

    assert minutes((await send(hass, "Bir"))[0]) == 7
    assert minutes((await send(hass, "İki", expire_after=2880))[0]) == 2880


@pytest.mark.parametrize("how", ["stop", "resend"])
@pytest.mark.parametrize("way", ["option", "action", "data"])
async def test_a_message_of_which_it_cannot_be_learned_whether_it_was_sent(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    how: str,
    way: str,
) -> None:
    """It is given up, or sent once more, as the account or the call says."""
    broken = {"smsget", "campaignidlist"}
    simulator.fail(
        Fault.ERROR_500, times=None, when=lambda request: request.endpoint in broken
    )
    other = "resend" if how == "stop" else "stop"
    await choose(hass, account, in_doubt=how if way == "option" else other)
    asked = {"expire_after": 1} | ({} if way == "option" else {"in_doubt": how})
    if way == "data":
        await do(
            hass,
            "bisms",
            domain="notify",
            message="Duman",
            target=["Ayşe"],
            data=asked,
        )
    else:
        await send(hass, "Duman", **asked)
    for _ in range(5):
        await days.pass_(60)
    tried = len(sends(simulator))
    broken.remove("smsget")
    for _ in range(11):
        await days.pass_(60)

    if how == "stop":
        assert state_of(hass, LAST) == "failed"
        assert attribute_of(hass, LAST, "reason") == "unknown"
        assert len(sends(simulator)) == tried
    else:
        assert state_of(hass, LAST) == "delivered"
        assert [sms.text for sms in simulator.inbox] == ["Duman"]
        assert len(sends(simulator)) == tried + 1


async def test_the_sender_name(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """Every way of sending uses it."""
    await choose(hass, account, header="BASLIK2")

    await send(hass, "Bir")
    await do(hass, "bisms", domain="notify", message="İki", target=["Ayşe"])
    await do(
        hass,
        "send_message",
        domain="notify",
        message="Üç",
        entity_id="notify.ayse",
    )
    await do(hass, "send_messages", messages=[{"recipient": "Ayşe", "message": "Dört"}])

    assert [sms.header for sms in simulator.inbox] == ["BASLIK2"] * 4


async def test_the_hourly_limit_counts_all_parts_of_all_ways_to_send(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What would pass it is refused whole, be it of several pieces."""
    await choose(hass, account, hourly_limit=5)

    await do(hass, "bisms_aile", domain="notify", message="Bir")
    for refused_call in (
        do(hass, "bisms_aile", domain="notify", message="a" * 200),
        do(
            hass,
            "send_message",
            recipients=["Ayşe"],
            message=TOO_LONG,
            too_long="split",
        ),
        do(
            hass,
            "send_messages",
            messages=[
                {"recipient": "Ayşe", "message": "b" * 200},
                {"recipient": "Aile", "message": "c"},
            ],
        ),
    ):
        with pytest.raises(Exception, match="limit of 5 parts an hour"):
            await refused_call
    assert len(simulator.inbox) == 2
    await do(hass, "bisms_ayse", domain="notify", message="c" * 400)
    assert len(simulator.inbox) == 3
