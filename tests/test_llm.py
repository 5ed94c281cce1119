"""What an assistant with a language model can do: see credit and messages, and perhaps send."""

from datetime import timedelta
import json
import sys
from typing import Any

from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    APIInstance,
    LLMContext,
    Tool,
    ToolInput,
    ToolResult,
    async_get_api,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from probatio import to_openapi
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)
import voluptuous as vol

from custom_components.bisms.const import DOMAIN
from simulator import Account, Fault, Simulator

from .accounts import (
    ALI,
    AYSE,
    VELI,
    VIRTUAL,
    Days,
    account_at,
    act,
    attribute_of,
    do,
    load,
    refused,
    sends,
    settled,
    words,
)
from .translated import LANGUAGES

MODULE = f"custom_components.{DOMAIN}.llm"
CREDIT = "bisms__credit"
STATUS = "bisms__message_status"
SEND = "bisms__send_sms"
UNSAVED = "905551234567"
TEXT = "Kapının şifresi 4711"


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider that has two accounts."""
    return Simulator([Account(VIRTUAL, VIRTUAL), Account("ofis", "ofis", credit=200)])


def asking(context: Context | None = None) -> LLMContext:
    """Return on whose behalf a model asks."""
    return LLMContext(
        platform="test",
        context=context,
        language="tr",
        assistant="conversation",
        device_id=None,
    )


async def assist(hass: HomeAssistant) -> APIInstance:
    """Return what Assist offers to a model now."""
    assert await async_setup_component(hass, "llm", {})
    return await async_get_api(hass, LLM_API_ASSIST, asking())


async def tools(hass: HomeAssistant) -> dict[str, Tool]:
    """Return our tools by their names."""
    offered = (await assist(hass)).tools
    return {tool.name: tool for tool in offered if tool.integration == DOMAIN}


async def use(
    hass: HomeAssistant, name: str, context: Context | None = None, **args: Any
) -> dict[str, Any]:
    """Have a model use a tool, and return what it is told."""
    tool = (await tools(hass))[name]
    result = await tool.async_call(hass, ToolInput(name, args), asking(context))
    assert isinstance(result, ToolResult)
    told: dict[str, Any] = json.loads(json.dumps(result.data))
    return told


async def messages(hass: HomeAssistant, **args: Any) -> list[dict[str, Any]]:
    """Return the messages that a model is told of."""
    told: list[dict[str, Any]] = (await use(hass, STATUS, **args))["messages"]
    return told


async def send(hass: HomeAssistant, text: str, *to: str, **more: Any) -> str:
    """Send a message as a user does, and return its id."""
    answer = await act(
        hass, "send_message", recipients=list(to or ["Ayşe"]), message=text, **more
    )
    message_id: str = answer["messages"][0]["id"]
    return message_id


async def allow(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Let assistants send through an account."""
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "assist_may_send": True, **options}
    )
    await settled(hass)


async def office(hass: HomeAssistant, url: str, **options: Any) -> MockConfigEntry:
    """Return a second account, with recipients of its own."""
    return await load(
        hass,
        account_at(
            url,
            {"Ayşe": [UNSAVED], "Depo": [VELI]},
            title="BiSMS ofis",
            username="ofis",
            secret="ofis",
            **options,
        ),
    )


async def test_what_it_takes_is_loaded_only_when_an_assistant_asks(
    hass: HomeAssistant, account: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home without one pays nothing for it."""
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    await hass.config_entries.async_reload(account.entry_id)
    await settled(hass)
    assert MODULE not in sys.modules
    assert set(await tools(hass)) == {CREDIT, STATUS}
    assert MODULE in sys.modules


async def test_the_tools_are_described_to_a_model(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Each has words, parameters that a model can fill in, and says what it does."""
    await allow(hass, account)
    instance = await assist(hass)
    ours = await tools(hass)
    assert set(ours) == {CREDIT, STATUS, SEND}
    for tool in ours.values():
        assert tool.title
        assert tool.description
    schema = to_openapi(
        ours[SEND].parameters, custom_serializer=instance.custom_serializer
    )
    assert schema["required"] == ["recipients", "message"]
    assert schema["properties"]["message"]["type"] == "string"
    recipients = schema["properties"]["recipients"]
    assert (recipients["type"], recipients["items"]) == ("array", {"type": "string"})
    assert recipients["description"].endswith("Ayşe, Aile")
    looked_up = to_openapi(
        ours[STATUS].parameters, custom_serializer=instance.custom_serializer
    )
    assert set(looked_up["properties"]) == {"id", "recipient", "limit"}
    assert "required" not in looked_up or not looked_up["required"]
    assert ours[CREDIT].annotations.read_only
    assert ours[STATUS].annotations.read_only
    assert not ours[SEND].annotations.read_only
    assert not ours[SEND].annotations.idempotent


@pytest.mark.usefixtures("account")
async def test_another_api_gets_no_tools(hass: HomeAssistant) -> None:
    """They belong to Assist."""
    await tools(hass)
    platform = sys.modules[MODULE]
    assert platform.async_get_tools(hass, asking(), "another") is None


async def test_without_an_account_there_are_no_tools(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    """Nor a word about them."""
    await hass.config_entries.async_unload(account.entry_id)
    assert await tools(hass) == {}
    assert "SMS" not in (await assist(hass)).api_prompt


@pytest.mark.expects_log("The provider's server reported an error")
async def test_credit_is_told_with_its_age(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The last number that the provider told, and when."""
    told_at = dt_util.now()
    simulator.fail(Fault.ERROR_500, times=None)
    await days.pass_(3660)
    await days.pass_(3660)
    assert await use(hass, CREDIT) == {
        "accounts": [
            {
                "account": "BiSMS",
                "credits": 15600,
                "updated_at": told_at.isoformat(),
                "updated_minutes_ago": 122,
                "low": False,
                "lasts_until": None,
            }
        ]
    }


@pytest.mark.expects_log("The provider's server reported an error")
async def test_credit_is_known_after_a_restart_while_the_provider_is_away(
    hass: HomeAssistant, days: Days, simulator: Simulator, provider_url: str
) -> None:
    """As the sensor shows it."""
    sensor = "sensor.bisms_remaining_credit"
    before = (dt_util.now() - timedelta(hours=3)).isoformat()
    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State(sensor, "120", {"updated_at": before}),
                {"native_value": 120, "native_unit_of_measurement": None},
            )
        ],
    )
    simulator.fail(Fault.ERROR_500, times=None)
    await load(hass, account_at(provider_url))
    assert attribute_of(hass, sensor, "updated_at") == before
    [told] = (await use(hass, CREDIT))["accounts"]
    assert (told["credits"], told["updated_at"]) == (120, before)
    assert told["updated_minutes_ago"] == 180


@pytest.mark.expects_log("The provider's server reported an error")
async def test_credit_that_was_never_told_is_unknown(
    hass: HomeAssistant, days: Days, simulator: Simulator, provider_url: str
) -> None:
    """That is said, and no number is made up."""
    simulator.fail(Fault.ERROR_500, times=None)
    await load(hass, account_at(provider_url))
    [told] = (await use(hass, CREDIT))["accounts"]
    assert (told["credits"], told["updated_at"]) == (None, None)
    assert (told["updated_minutes_ago"], told["low"]) == (None, None)


async def test_credit_of_several_accounts(
    hass: HomeAssistant, account: MockConfigEntry, provider_url: str
) -> None:
    """Each by its name."""
    await office(hass, provider_url, low_credit=500)
    told = (await use(hass, CREDIT))["accounts"]
    assert [(each["account"], each["credits"], each["low"]) for each in told] == [
        ("BiSMS", 15600, False),
        ("BiSMS ofis", 200, True),
    ]


async def test_a_message_is_found_by_its_id(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """With all that matters, but neither its text nor a number."""
    began = dt_util.now().isoformat()
    simulator.handset(VELI, delivered_after=None, fails_after=80)
    message_id = await send(hass, TEXT, "Aile", "Ayşe", UNSAVED)
    await days.pass_(91)
    [told] = await messages(hass, id=f" {message_id} ")
    assert told == {
        "account": "BiSMS",
        "id": message_id,
        "status": "partially_delivered",
        "reason": "not_delivered",
        "recipients": [
            {"name": "Aile", "status": "partially_delivered"},
            {"name": "Ayşe", "status": "delivered"},
            {"name": "9055******67", "status": "delivered"},
        ],
        "more_recipients": 0,
        "header": "BASLIK1",
        "parts": 1,
        "credits": 4,
        "created_at": began,
        "sent_at": began,
        "send_at": None,
        "expires_at": None,
    }


@pytest.mark.parametrize("written", ["Ayşe", "AYŞE", "ayse", "  aYŞe "])
async def test_the_last_messages_to_a_recipient_are_found_by_name(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, written: str
) -> None:
    """In any spelling, the newest first, and no more than are wanted."""
    ids = []
    for number in range(4):
        ids.append(await send(hass, f"Nr {number}"))
        await send(hass, f"Nr {number}", "Aile")
        await days.pass_(60)
    assert [each["id"] for each in await messages(hass, recipient=written)] == ids[
        :0:-1
    ]
    [last] = await messages(hass, recipient=written, limit=1)
    assert last["id"] == ids[-1]
    assert last["recipients"] == [{"name": "Ayşe", "status": "waiting"}]


async def test_without_a_recipient_the_last_messages_of_all_are_told(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, provider_url: str
) -> None:
    """Blanks, as models fill them in, ask for nothing."""
    await office(hass, provider_url)
    entries = {each.title: each for each in hass.config_entries.async_entries(DOMAIN)}
    for title in ("BiSMS", "BiSMS ofis"):
        await send(hass, "a", config_entry_id=entries[title].entry_id)
        await days.pass_(1)
    told = await messages(hass, id="", recipient=" ", account="")
    assert [each["account"] for each in told] == ["BiSMS ofis", "BiSMS"]
    told = await messages(hass, account="bisms OFİS")
    assert [each["account"] for each in told] == ["BiSMS ofis"]
    told = await messages(hass, recipient="Ayşe")
    assert [each["account"] for each in told] == ["BiSMS ofis", "BiSMS"]
    error = await refused(messages(hass, account="Ev"), ServiceValidationError)
    assert "(accounts: BiSMS, BiSMS ofis)" in words(error, "en")


@pytest.mark.usefixtures("account")
async def test_messages_that_do_not_exist_are_not_made_up(hass: HomeAssistant) -> None:
    """An id, a name and a number of which nothing is known."""
    assert await messages(hass) == []
    error = await refused(messages(hass, id="4711"), ServiceValidationError)
    assert "no message “4711” is kept" in words(error, "en")
    for unknown in ("Ayse Hanım", AYSE):
        error = await refused(messages(hass, recipient=unknown), ServiceValidationError)
        assert "(saved recipients: Ayşe, Aile)" in words(error, "en")
    with pytest.raises(vol.Invalid):
        await messages(hass, limit=11)


async def test_a_message_that_waits_says_why_and_until_when(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """It has not left."""
    simulator.fail(Fault.ERROR_500, times=None)
    await send(hass, TEXT)
    [told] = await messages(hass)
    assert (told["status"], told["reason"]) == ("queued", "server_error")
    expires_at = dt_util.parse_datetime(told["expires_at"], raise_on_error=True)
    assert expires_at > dt_util.now() + timedelta(minutes=50)


async def test_a_message_to_many_names_only_some(
    hass: HomeAssistant, days: Days, provider_url: str
) -> None:
    """And says how many more there are."""
    many = {f"Komşu {number}": [str(905550000000 + number)] for number in range(60)}
    await load(hass, account_at(provider_url, many))
    await send(hass, TEXT, *many)
    [told] = await messages(hass)
    assert len(told["recipients"]) == 50
    assert told["more_recipients"] == 10
    assert told["credits"] == 60


async def test_sending_is_off_until_the_user_allows_it(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """A model is told so, and gets nothing to send with."""
    assert SEND not in await tools(hass)
    assert "not allowed to send SMS" in (await assist(hass)).api_prompt

    await allow(hass, account)
    tool = (await tools(hass))[SEND]
    assert "only if the user asks" in (await assist(hass)).api_prompt

    await allow(hass, account, assist_may_send=False)
    args = {"recipients": ["Ayşe"], "message": "a"}
    error = await refused(
        tool.async_call(hass, ToolInput(SEND, args), asking()),
        ServiceValidationError,
    )
    for language in LANGUAGES:
        assert "SMS" in words(error, language)
    assert sends(simulator) == []


@pytest.mark.parametrize("to", [["AYŞE"], "ayse"])
async def test_an_sms_is_sent_and_its_text_and_cost_are_told(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    to: list[str] | str,
) -> None:
    """The text as it was sent, whatever the model wrote."""
    await allow(hass, account, header="BASLIK2", turkish_characters="simplify")
    context = Context()
    [told] = (await use(hass, SEND, context, recipients=to, message="Işıklar açık 💡"))[
        "messages"
    ]
    assert [(sms.number, sms.text) for sms in simulator.inbox] == [
        (AYSE, "Isiklar acik")
    ]
    assert told["text"] == "Isiklar acik"
    assert told["recipients"] == [{"name": "Ayşe", "status": "waiting"}]
    assert (told["header"], told["parts"], told["credits"]) == ("BASLIK2", 1, 1)
    assert told["status"] == "waiting"
    delivery = account.runtime_data.outbox.get(told["id"])
    assert delivery.context[0] == context.id


async def test_several_recipients_get_it_with_one_request(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """As with the action."""
    await allow(hass, account)
    [told] = (await use(hass, SEND, recipients=["aile", "Ayşe"], message="a"))[
        "messages"
    ]
    assert [sms.number for sms in simulator.inbox] == [ALI, VELI, AYSE]
    assert len(sends(simulator)) == 1
    assert [each["name"] for each in told["recipients"]] == ["Aile", "Ayşe"]
    assert (told["parts"], told["credits"]) == (1, 3)


@pytest.mark.parametrize("to", ["Aişe", UNSAVED, "0555 123 45 67", "905559998877", ""])
async def test_an_sms_goes_to_saved_recipients_only(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator, to: str
) -> None:
    """Any other name or number is refused, the names that there are are listed."""
    await allow(hass, account)
    error = await refused(
        use(hass, SEND, recipients=["Ayşe", to], message="a"), ServiceValidationError
    )
    for language in LANGUAGES:
        assert ": Ayşe, Aile)" in words(error, language)
    assert sends(simulator) == []


async def test_the_names_of_an_error_begin_with_the_likeliest(
    hass: HomeAssistant, provider_url: str
) -> None:
    """And are not all of them."""
    names = ["Zeynep", "Ali", "Veli", "Ömer", "Can", "Ece", "Mehmet"]
    people = {name: [str(905550000000 + n)] for n, name in enumerate(names)}
    await load(hass, account_at(provider_url, people, assist_may_send=True))
    error = await refused(
        use(hass, SEND, recipients=["Mehmed"], message="a"), ServiceValidationError
    )
    assert "(saved recipients: Mehmet, Zeynep, Ali, Veli, Ömer, …)" in words(
        error, "en"
    )


async def test_the_hourly_limit_holds_for_assistants(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """What would pass it is refused in words."""
    await allow(hass, account, hourly_limit=2)
    await use(hass, SEND, recipients=["Aile"], message="a")
    error = await refused(
        use(hass, SEND, recipients=["Ayşe"], message="b"), ServiceValidationError
    )
    assert "limit of 2 parts an hour" in words(error, "en")
    assert len(simulator.inbox) == 2


async def test_a_refusal_is_told_in_words(
    hass: HomeAssistant, account: MockConfigEntry, simulator: Simulator
) -> None:
    """As whoever calls the action reads it."""
    await allow(hass, account)
    simulator.answer("81", endpoint="smsget")
    error = await refused(
        use(hass, SEND, recipients=["Ayşe"], message="a"), HomeAssistantError
    )
    assert "Your credit does not cover this message" in words(error, "en")
    assert "Your credit does not cover this message" in str(error)
    error = await refused(
        use(hass, SEND, recipients=["Ayşe"], message=" "), ServiceValidationError
    )
    assert "no text that can be sent" in words(error, "en")
    error = await refused(
        use(hass, SEND, recipients=[], message="a"), ServiceValidationError
    )
    assert "no recipient" in words(error, "en")


async def test_an_sms_that_cannot_leave_waits(
    hass: HomeAssistant, days: Days, account: MockConfigEntry, simulator: Simulator
) -> None:
    """The model is told that it has not left."""
    await allow(hass, account)
    simulator.fail(Fault.ERROR_500)
    [told] = (await use(hass, SEND, recipients=["Ayşe"], message="a"))["messages"]
    assert (told["status"], told["text"]) == ("queued", "a")
    assert told["expires_at"] is not None
    await days.pass_(10)
    assert [sms.text for sms in simulator.inbox] == ["a"]


async def test_of_several_accounts_the_one_that_knows_the_recipient_sends(
    hass: HomeAssistant,
    days: Days,
    account: MockConfigEntry,
    simulator: Simulator,
    provider_url: str,
) -> None:
    """If more than one does, the model must say which; only those that allow it count."""
    second = await office(hass, provider_url)
    await allow(hass, account)
    [told] = (await use(hass, SEND, recipients=["Ayşe"], message="a"))["messages"]
    assert told["account"] == "BiSMS"

    await allow(hass, second)
    assert "account" in {
        str(key) for key in (await tools(hass))[SEND].parameters.schema
    }
    [told] = (await use(hass, SEND, recipients=["depo"], message="b"))["messages"]
    assert told["account"] == "BiSMS ofis"
    for recipients in (["Ayşe"], ["Aile", "Depo"]):
        error = await refused(
            use(hass, SEND, recipients=recipients, message="c"),
            ServiceValidationError,
        )
        assert "(BiSMS, BiSMS ofis)" in words(error, "en")
    await use(hass, SEND, recipients=["Ayşe"], message="d", account="bisms ofis")
    assert [(sms.number, sms.text) for sms in simulator.inbox] == [
        (AYSE, "a"),
        (VELI, "b"),
        (UNSAVED, "d"),
    ]


async def test_recipients_that_cannot_be_told_apart_are_not_mixed_up(
    hass: HomeAssistant, provider_url: str, simulator: Simulator
) -> None:
    """Old accounts may have such names; written exactly, each is found."""
    people = {"Ayşe": [AYSE], "Ayse": [ALI]}
    await load(hass, account_at(provider_url, people, assist_may_send=True))
    error = await refused(
        use(hass, SEND, recipients=["AYŞE"], message="a"), ServiceValidationError
    )
    assert "(Ayşe, Ayse)" in words(error, "en")
    await use(hass, SEND, recipients=["Ayse"], message="a")
    assert [sms.number for sms in simulator.inbox] == [ALI]


async def test_no_number_no_secret_and_no_text_reaches_a_model(
    hass: HomeAssistant, days: Days, provider_url: str, simulator: Simulator
) -> None:
    """Whatever it asks for, and whatever goes wrong."""
    secret = "0123456789abcdef0123456789abcdef"
    simulator.account.secret = secret
    entry = await load(
        hass, account_at(provider_url, secret=secret, assist_may_send=True)
    )
    assert entry.runtime_data.account.data is not None
    await send(hass, TEXT, "Aile", UNSAVED)
    await do(
        hass,
        "send_messages",
        messages=[
            {"recipient": "Ayşe", "message": TEXT},
            {"recipient": UNSAVED, "message": TEXT},
        ],
    )
    instance = await assist(hass)
    told: list[Any] = [instance.api_prompt]
    for tool in (await tools(hass)).values():
        fields = to_openapi(
            tool.parameters, custom_serializer=instance.custom_serializer
        )
        told += [tool.description, fields]
    told.append(await use(hass, CREDIT))
    told.append(await messages(hass))
    told.append(await use(hass, SEND, recipients=["Ayşe"], message="Merhaba"))
    simulator.answer("87", endpoint="smsget")
    for failing in (
        messages(hass, recipient="Nobody"),
        use(hass, SEND, recipients=["Nobody"], message=TEXT),
        use(hass, SEND, recipients=["Ayşe"], message=TEXT),
    ):
        with pytest.raises(HomeAssistantError) as caught:
            await failing
        told.append(str(caught.value))
    shown = json.dumps(told, ensure_ascii=False)
    for private in (AYSE, ALI, VELI, UNSAVED, secret, "4711"):
        assert private not in shown
        assert private.removeprefix("90") not in shown
