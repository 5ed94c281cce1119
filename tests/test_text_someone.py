"""The blueprint that texts someone by voice, talked to through Assist in both languages."""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
import shutil
from typing import Any, Final

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from simulator import Account, Fault, Simulator

from .accounts import ALI, AYSE, VELI, VIRTUAL, Days, account_at, load, sends

FOLDER: Final = Path(__file__).parents[1] / "blueprints/automation/bisms"
BLUEPRINTS: Final = {"en": "text_someone", "tr": "text_someone.tr"}
PEOPLE: Final = {
    "Ayşe": [AYSE],
    "Aile": [ALI, VELI],
    "Ali Veli": [ALI],
    "Annem": ["905551110001"],
    "Mehmet": ["905551110002"],
    "IŞIK Bey": ["905551110003"],
}
ASKED: Final = [
    ("en", "text Ayşe I am on my way", "Ayşe", "I am on my way"),
    ("en", "Text AYSE: where are you? Call me!", "Ayşe", "where are you? Call me!"),
    ("en", "text Ayşe saying I'm late.", "Ayşe", "I'm late."),
    ("en", "send a text to ali veli see you at 5-6", "Ali Veli", "see you at 5-6"),
    ("en", "send an SMS to Işık Bey saying hi, it's me", "IŞIK Bey", "hi, it's me"),
    ("en", "Send text message to Aile 12", "Aile", "12"),
    ("tr", "Ayşe'ye SMS at: eve geliyorum", "Ayşe", "eve geliyorum"),
    ("tr", "Ayşe’ye sms at eve geliyorum.", "Ayşe", "eve geliyorum."),
    ("tr", "AYŞE'YE SMS GÖNDER: Neredesin? Ara!", "Ayşe", "Neredesin? Ara!"),
    ("tr", "ayşeye bir mesaj yaz 5-6 gibi oradayım", "Ayşe", "5-6 gibi oradayım"),
    ("tr", "Mehmet'e mesaj yolla: kapı açık", "Mehmet", "kapı açık"),
    ("tr", "Anneme mesaj at geç kalıyorum", "Annem", "geç kalıyorum"),
    ("tr", "Aileye SMS at yemek hazır", "Aile", "yemek hazır"),
    ("tr", "ışık bey'e SMS at: tamam", "IŞIK Bey", "tamam"),
    ("tr", "Ali Veli'ye geç kalacağım diye mesaj at", "Ali Veli", "geç kalacağım"),
    ("tr", "Mehmet'e gelme, ben gelirim diye SMS at.", "Mehmet", "gelme, ben gelirim"),
]
NOT_CLEAR: Final = [
    ("en", "text Veli I am on my way"),
    ("en", "text Ayşe"),
    ("en", "send a text to 0555 999 88 77 hello"),
    ("en", "text Ayşe Yılmaz saying hello"),
    ("tr", "Veli'ye SMS at: geliyorum"),
    ("tr", "Ayşe Yılmaz'a SMS at: geliyorum"),
    ("tr", "0555 999 88 77'ye SMS at: geliyorum"),
    ("tr", "Ayşe Yılmaz'a geliyorum diye mesaj at"),
]


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Return a configuration folder into which the blueprints were imported."""
    shutil.copytree(FOLDER, Path(hass_tmp_config_dir) / "blueprints/automation/bisms")
    return hass_tmp_config_dir


@pytest.fixture
def simulator() -> Simulator:
    """Return a provider that has two accounts."""
    return Simulator([Account(VIRTUAL, VIRTUAL), Account("ofis", "ofis")])


@dataclass(frozen=True)
class Assistant:
    """Whom a user talks to."""

    hass: HomeAssistant
    language: str

    async def ask(self, sentence: str) -> str:
        """Say something, and return the answer."""
        answer: Any = await self.hass.services.async_call(
            "conversation",
            "process",
            {"text": sentence, "language": self.language},
            blocking=True,
            return_response=True,
        )
        spoken: str = answer["response"]["speech"]["plain"]["speech"]
        return spoken


type Hiring = Callable[..., Coroutine[Any, Any, Assistant]]


@pytest.fixture
async def assistant(
    hass: HomeAssistant, days: Days, provider_url: str
) -> AsyncIterator[Hiring]:
    """Return how to have the blueprint in a language, of an account with some options."""

    async def hire(
        language: str, people: Mapping[str, list[str]] = PEOPLE, **options: Any
    ) -> Assistant:
        hass.config.language = language
        await load(hass, account_at(provider_url, people, **options))
        assert await async_setup_component(hass, "homeassistant", {})
        assert await async_setup_component(hass, "conversation", {})
        use = {"path": f"bisms/{BLUEPRINTS[language]}.yaml", "input": {}}
        assert await async_setup_component(
            hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: {"use_blueprint": use}}
        )
        (automation,) = hass.states.async_all(AUTOMATION_DOMAIN)
        assert automation.state == STATE_ON
        return Assistant(hass, language)

    yield hire
    await hass.services.async_call(
        AUTOMATION_DOMAIN, "turn_off", {"entity_id": "all"}, blocking=True
    )


@pytest.mark.parametrize(("language", "sentence", "name", "text"), ASKED)
async def test_someone_is_texted_as_it_was_said(
    assistant: Hiring,
    simulator: Simulator,
    language: str,
    sentence: str,
    name: str,
    text: str,
) -> None:
    """However the name is spelled and whatever it ends with; the text keeps its punctuation."""
    answer = await (await assistant(language)).ask(sentence)
    assert [sms.number for sms in simulator.inbox] == PEOPLE[name]
    assert {sms.raw_text for sms in simulator.inbox} == {text}
    assert name in answer
    assert f"“{text}”" in answer


async def test_the_answer_tells_recipient_text_and_cost(assistant: Hiring) -> None:
    """The text is the one that was sent, and each number costs."""
    english = await assistant("en", turkish_characters="simplify")
    assert await english.ask("text Ayşe ışık açık") == (
        "I texted Ayşe: “isik acik”. 1 part, 1 credit."
    )
    long = "x" * 150 + " " + "y" * 50
    assert await english.ask(f"text Aile {long}") == (
        f"I texted Aile: “{long}”. 2 parts, 4 credits."
    )


async def test_the_answer_is_turkish_where_the_blueprint_is(assistant: Hiring) -> None:
    """With the same facts."""
    turkish = await assistant("tr")
    assert await turkish.ask("Ayşe'ye SMS at: Işık açık") == (
        "SMS gönderildi. Alıcı: Ayşe. Metin: “Işık açık”. 1 boy, 1 kredi."
    )


async def test_a_text_that_is_split_is_told_as_a_whole(
    assistant: Hiring, simulator: Simulator
) -> None:
    """All its pieces, with what they cost together."""
    english = await assistant("en", too_long="split")
    answer = await english.ask("text Ayşe " + "word " * 200)
    assert len(simulator.inbox) == 2
    parts = sum(sms.parts for sms in simulator.inbox)
    assert answer.endswith(f"{parts} parts, {parts} credits.")


@pytest.mark.parametrize(("language", "sentence"), NOT_CLEAR)
async def test_nobody_is_texted_who_was_not_clearly_meant(
    assistant: Hiring, simulator: Simulator, language: str, sentence: str
) -> None:
    """The answer says who can be."""
    answer = await (await assistant(language)).ask(sentence)
    assert sends(simulator) == []
    assert "Aile, Ali Veli, Annem, Ayşe, IŞIK Bey, Mehmet." in answer


async def test_names_that_sound_alike_are_not_mixed_up(
    assistant: Hiring, simulator: Simulator
) -> None:
    """Said without its apostrophe, Ali'ye can be Aliye."""
    turkish = await assistant("tr", people={"Ali": [ALI], "Aliye": [AYSE]})
    answer = await turkish.ask("aliye SMS at: geliyorum")
    assert sends(simulator) == []
    assert "Ali, Aliye." in answer
    await turkish.ask("Ali'ye SMS at: geliyorum")
    await turkish.ask("aliyeye SMS at: geliyorum")
    assert [sms.number for sms in simulator.inbox] == [ALI, AYSE]


async def test_a_text_that_waits_is_not_called_sent(
    assistant: Hiring, simulator: Simulator
) -> None:
    """While the provider cannot be reached."""
    english = await assistant("en")
    simulator.fail(Fault.ERROR_500)
    answer = await english.ask("text Ayşe hello")
    assert answer.startswith("The provider cannot be reached right now.")
    assert "“hello”" in answer


@pytest.mark.expects_log("credit does not cover")
@pytest.mark.parametrize(
    ("language", "sentence", "reason"),
    [
        ("en", "text Ayşe hello", "Not enough credit."),
        ("tr", "Ayşe'ye SMS at: merhaba", "Neden: Kredi yetersiz."),
    ],
)
async def test_a_refusal_is_told_with_its_reason(
    assistant: Hiring,
    simulator: Simulator,
    language: str,
    sentence: str,
    reason: str,
) -> None:
    """In the words of the language that Home Assistant speaks."""
    asked = await assistant(language)
    simulator.answer("81", endpoint="smsget")
    answer = await asked.ask(sentence)
    assert "Ayşe" in answer
    assert answer.endswith(reason)


@pytest.mark.expects_log("limit of 1 parts an hour")
async def test_what_never_entered_the_outbox_is_not_called_sent(
    assistant: Hiring, simulator: Simulator
) -> None:
    """Nor is the reason of an older message told for it."""
    english = await assistant("en", hourly_limit=1)
    answer = await english.ask("text Aile hello")
    assert answer.endswith("The log of Home Assistant says why.")
    assert sends(simulator) == []


async def test_of_several_accounts_the_chosen_one_sends(
    hass: HomeAssistant, assistant: Hiring, simulator: Simulator, provider_url: str
) -> None:
    """To its own recipients only."""
    other = account_at(
        provider_url,
        {"Depo": [VELI]},
        title="BiSMS ofis",
        username="ofis",
        secret="ofis",
    )
    await load(hass, other)
    english = await assistant("en")
    assert "Depo" not in await english.ask("text Depo hello")
    assert sends(simulator) == []
    await english.ask("text Ayşe hello")
    assert [sms.number for sms in simulator.inbox] == [AYSE]
