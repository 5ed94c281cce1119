"""The page, and the addresses by which other programs drive the simulator."""

from collections.abc import Iterator
from html.parser import HTMLParser
import json
from typing import Any

import aiohttp
import pytest

from simulator import ManualClock, Simulator
from simulator.page import preferred_language

from .conftest import Customer, order


class Outline(HTMLParser):
    """What a screen reader and a browser find in a page."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))

    def values(self, attribute: str) -> Iterator[str]:
        """Yield every value of an attribute."""
        return (value for _, found in self.tags if (value := found.get(attribute)))


async def page(customer: Customer, language: str = "en") -> str:
    """Return the page for a browser of that language."""
    async with customer.session.get(
        customer.url, headers={"Accept-Language": language}
    ) as response:
        assert response.content_type == "text/html"
        return await response.text()


async def state(customer: Customer) -> dict[str, Any]:
    """Return what the simulator shows of itself."""
    async with customer.session.get(f"{customer.url}/sim/state") as response:
        shown: dict[str, Any] = await response.json()
        return shown


async def change(customer: Customer, what: str, **fields: Any) -> int:
    """Post a change, and return the status."""
    async with customer.session.post(
        f"{customer.url}/sim/{what}", json=fields
    ) as response:
        return response.status


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("tr", "tr"),
        ("tr-TR,tr;q=0.9,en;q=0.8", "tr"),
        ("de,en;q=0.8,tr;q=0.5", "en"),
        ("de", "en"),
        ("tr;q=oops", "en"),
        ("tr;q=0", "en"),
    ],
)
def test_the_page_speaks_the_language_the_browser_likes_best(
    accepted: str, language: str
) -> None:
    """English is for everybody else."""
    assert preferred_language(accepted) == language


async def test_the_page_is_turkish_or_english(customer: Customer) -> None:
    """A link overrides the browser, and an unknown language is English."""
    assert '<html lang="tr">' in (turkish := await page(customer, "tr"))
    assert "SMS simülatörü" in turkish
    assert '<html lang="en">' in await page(customer)
    async with customer.session.get(f"{customer.url}/?lang=tr") as response:
        assert await response.text() == turkish
    async with customer.session.get(f"{customer.url}/?lang=xx") as response:
        assert '<html lang="en">' in await response.text()


async def test_the_page_has_what_a_screen_reader_needs(customer: Customer) -> None:
    """Landmarks, one main heading, labels that exist, and news said aloud."""
    outline = Outline(await page(customer))
    tags = [tag for tag, _ in outline.tags]
    ids = set(outline.values("id"))
    assert [tags.count(tag) for tag in ("main", "header", "nav", "h1")] == [1] * 4
    assert set(outline.values("aria-labelledby")) <= ids
    assert {href[1:] for href in outline.values("href") if href[0] == "#"} <= ids
    assert "polite" in outline.values("aria-live")


async def test_the_page_loads_nothing_from_elsewhere(customer: Customer) -> None:
    """Its style and script are served beside it, and the browser is told to insist."""
    async with customer.session.get(customer.url) as response:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        outline = Outline(await response.text())
    assets = [*outline.values("src"), "/sim/page.css"]
    assert assets == ["/sim/page.js", "/sim/page.css"]
    for asset in assets:
        async with customer.session.get(customer.url + asset) as response:
            assert response.status == 200
            assert "//" not in (await response.text()).replace("://", "")


async def test_both_languages_have_the_same_words(customer: Customer) -> None:
    """No label is missing in either."""

    def words(shown: str) -> Any:
        """Return the script's words."""
        return json.loads(shown.partition('id="words">')[2].partition("</script>")[0])

    english, turkish = words(await page(customer)), words(await page(customer, "tr"))
    assert english.keys() == turkish.keys()
    assert english["faults"].keys() == turkish["faults"].keys()
    buttons = set(Outline(await page(customer)).values("data-fault"))
    assert buttons == english["faults"].keys()


async def test_the_state_shows_the_inbox_with_delivery_states(
    customer: Customer, clock: ManualClock
) -> None:
    """As the phones on the page do."""
    await customer.send("<b>Merhaba</b> dünya")
    later = "<sendDateTime>2026.12.1.9.0.0</sendDateTime>"
    await customer.post(order("905551112233", options=later))
    clock.advance(80.0)
    shown = await state(customer)
    assert [sms["state"] for sms in shown["inbox"]] == ["delivered", "scheduled"]
    assert shown["inbox"][0]["text"] == "<b>Merhaba</b> dünya"
    assert shown["inbox"][0]["raw_text"] == "<b>Merhaba</b> dünya"
    assert shown["credit"] == 15598
    assert shown["accounts"][0]["headers"] == ["BASLIK1", "BASLIK2", "BASLIK3"]


async def test_the_secret_is_shown_nowhere(
    customer: Customer, simulator: Simulator
) -> None:
    """Neither in the request log, nor in the account."""
    simulator.account.secret = "t0p&secret"
    await customer.ask("credit", password="t0p&secret")
    body = order("905559998877").replace(
        ">test</password>", ">t0p&amp;secret</password>"
    )
    await customer.post(body)
    shown = await state(customer)
    assert "secret" not in json.dumps(shown)
    assert "secret" not in repr((simulator.account, simulator.requests))
    assert [request["answer"] for request in shown["requests"]] == [
        "00 15600",
        "00 77300600",
    ]
    assert "<password>•••</password>" in shown["requests"][1]["body"]


async def test_faults_can_be_asked_for_and_taken_back(customer: Customer) -> None:
    """By name, or as a forced code."""
    assert await change(customer, "fault", fault="empty", endpoint="credit") == 204
    assert await change(customer, "fault", answer="81", times=None) == 204
    assert [rule["fault"] for rule in (await state(customer))["faults"]] == [
        "empty",
        None,
    ]
    assert await customer.ask("credit") == ""
    assert await customer.ask("credit") == "81"
    async with customer.session.delete(f"{customer.url}/sim/fault") as response:
        assert response.status == 204
    assert await customer.ask("credit") == "00 15600"


async def test_an_outage_that_is_asked_for_is_confirmed_first(
    customer: Customer, simulator: Simulator
) -> None:
    """It ends by itself, since nobody could ask a closed port to open."""
    assert await change(customer, "fault", fault="refuse") == 204
    with pytest.raises(aiohttp.ClientConnectorError):
        await customer.ask("credit")
    assert simulator.rules.active[0].seconds == 10.0
    simulator.clear_faults()
    assert await customer.ask("credit") == "00 15600"


async def test_an_account_can_be_changed(
    customer: Customer, simulator: Simulator
) -> None:
    """Only what is given changes."""
    changes = {"username": "test", "credit": 7, "headers": ["EVIM"]}
    assert await change(customer, "account", **changes) == 204
    assert await customer.ask("credit") == "00 7"
    assert await customer.ask("originator") == "00 EVIM"
    secret = {"username": "test", "secret": "new", "blacklist": ["905559998877"]}
    assert await change(customer, "account", **secret) == 204
    assert await customer.ask("credit") == "87"
    assert await customer.ask("blacklistexport", password="new") == "00 905559998877"
    oddities = {"list_lag": 20, "unreported": ["1"], "also_reported": ["2"]}
    assert await change(customer, "account", username="test", **oddities) == 204
    account = simulator.account
    assert (account.list_lag, account.unreported) == (20, {"1"})
    assert account.also_reported == ("2",)


async def test_a_phone_can_be_changed(customer: Customer, clock: ManualClock) -> None:
    """It fails from now on."""
    phone = {"number": "5559998877", "delivered_after": None, "fails_after": 1}
    assert await change(customer, "handset", **phone) == 204
    await customer.send("Merhaba")
    clock.advance(80.0)
    assert await customer.ask("dlr", id="77300600") == "23|905559998877 6"


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("fault", {}),
        ("fault", {"fault": "hang", "answer": "81"}),
        ("fault", {"fault": "nonsense"}),
        ("fault", {"fault": "hang", "endpoint": "nonsense"}),
        ("fault", {"fault": "hang", "times": "often"}),
        ("fault", {"colour": "red"}),
        ("account", {"username": "nobody", "credit": 1}),
        ("handset", {"delivered_after": 1}),
    ],
)
async def test_a_wrong_change_is_refused_in_words(
    customer: Customer, what: str, fields: dict[str, Any]
) -> None:
    """And changes nothing."""
    async with customer.session.post(
        f"{customer.url}/sim/{what}", json=fields
    ) as response:
        assert response.status == 400
        assert (await response.json())["error"]
    assert (await state(customer))["faults"] == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"fault": "hang"}', "text/plain"),
        ("{", "application/json"),
        ("[]", "application/json"),
    ],
)
async def test_only_json_objects_are_taken(
    customer: Customer, body: str, content_type: str
) -> None:
    """So that no other site's page can post here."""
    async with customer.session.post(
        f"{customer.url}/sim/fault", data=body, headers={"Content-Type": content_type}
    ) as response:
        assert response.status == 400
