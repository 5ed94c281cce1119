"""Questions about the account: credit, sender names, past sendings, blacklist."""

import pytest

from simulator import Account, ManualClock, Simulator

from .conftest import Customer, individual_order

GET_ENDPOINTS = (
    "credit",
    "originator",
    "smsget",
    "dlr",
    "campaignidlist",
    "blacklistadd",
    "blacklistexport",
)
PARAMETERS = {
    "smsget": {"header": "BASLIK1", "gsm": "905559998877", "message": "Merhaba"},
    "dlr": {"id": "123"},
    "campaignidlist": {"page": "0"},
    "blacklistadd": {"gsm": "5559998877"},
}


async def test_credit_is_told_as_a_whole_number(customer: Customer) -> None:
    """The document's account has 15600."""
    assert await customer.ask("credit") == "00 15600"


async def test_sender_names_are_listed(
    customer: Customer, simulator: Simulator
) -> None:
    """Several are joined, one stands alone, none leaves the bare code."""
    assert await customer.ask("originator") == "00 BASLIK1|BASLIK2|BASLIK3"
    simulator.account.headers = ("EVIM",)
    assert await customer.ask("originator") == "00 EVIM"
    simulator.account.headers = ()
    assert await customer.ask("originator") == "00"


async def test_answers_are_plain_text_in_utf8(
    customer: Customer, simulator: Simulator
) -> None:
    """A sender name with Turkish letters arrives whole."""
    simulator.account.headers = ("BAŞLIK",)
    async with customer.session.get(customer.address("originator")) as response:
        assert (response.content_type, response.charset) == ("text/plain", "utf-8")
        assert await response.read() == "00 BAŞLIK".encode()


@pytest.mark.parametrize("endpoint", GET_ENDPOINTS)
async def test_a_post_to_a_get_endpoint_answers_95(
    customer: Customer, endpoint: str
) -> None:
    """The method is judged first."""
    address = customer.address(endpoint, **PARAMETERS.get(endpoint, {}))
    async with customer.session.post(address) as response:
        assert await response.text() == "95"


async def test_a_get_to_smspost_answers_97(customer: Customer) -> None:
    """Sending to several needs a POST."""
    assert await customer.ask("smspost") == "97"


@pytest.mark.parametrize("endpoint", GET_ENDPOINTS)
async def test_a_missing_or_empty_parameter_answers_93(
    customer: Customer, endpoint: str
) -> None:
    """Each parameter of each endpoint is needed."""
    complete = {"username": "test", "password": "test"} | PARAMETERS.get(endpoint, {})
    address = customer.address(endpoint).with_query(None)
    for parameter in complete:
        for incomplete in (
            complete | {parameter: ""},
            {name: value for name, value in complete.items() if name != parameter},
        ):
            async with customer.session.get(address, params=incomplete) as response:
                assert await response.text() == "93", parameter


@pytest.mark.parametrize("endpoint", GET_ENDPOINTS)
async def test_wrong_credentials_answer_87(customer: Customer, endpoint: str) -> None:
    """Neither a wrong secret nor an unknown username opens an account."""
    parameters = PARAMETERS.get(endpoint, {})
    assert await customer.ask(endpoint, **parameters, password="Test") == "87"
    assert await customer.ask(endpoint, **parameters, username="Test") == "87"


async def test_a_changed_secret_counts_at_once(
    customer: Customer, simulator: Simulator
) -> None:
    """The old one is refused, the new one opens."""
    simulator.account.secret = "new"
    assert await customer.ask("credit") == "87"
    assert await customer.ask("credit", password="new") == "00 15600"


async def test_an_unknown_address_is_not_found(
    customer: Customer, simulator: Simulator
) -> None:
    """The capital V of blacklistadd matters, and the try is on record."""
    async with customer.session.get(f"{customer.url}/api/blacklistadd/v1") as response:
        assert response.status == 404
    assert simulator.requests[-1].target == "/api/blacklistadd/v1"


async def test_past_sendings_come_newest_first_and_fifty_a_page(
    customer: Customer,
) -> None:
    """A page beyond the last is an empty list."""
    assert await customer.ask("campaignidlist", page="0") == "00"
    for number in range(51):
        await customer.send(f"Mesaj {number}")
    ids = [str(77300600 + number) for number in range(51)]
    newest = "|".join(reversed(ids[1:]))
    assert await customer.ask("campaignidlist", page="0") == f"00 {newest}"
    assert await customer.ask("campaignidlist", page="1") == "00 77300600"
    assert await customer.ask("campaignidlist", page="2") == "00"


async def test_the_list_may_lag_behind(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """Each sending shows so many seconds after it was accepted as the lag was then."""
    simulator.account.list_lag = 20.0
    await customer.send("Merhaba")
    simulator.account.list_lag = 0.0
    await customer.send("Nasılsın")
    assert await customer.ask("campaignidlist", page="0") == "00 77300601"
    clock.advance(19.9)
    assert await customer.ask("campaignidlist", page="0") == "00 77300601"
    clock.advance(0.1)
    assert await customer.ask("campaignidlist", page="0") == "00 77300601|77300600"


@pytest.mark.parametrize("page", ["x", "-1", "1.5"])
async def test_a_page_that_is_no_number_answers_93(
    customer: Customer, page: str
) -> None:
    """It counts as missing."""
    assert await customer.ask("campaignidlist", page=page) == "93"


async def test_another_programs_sending_is_listed_and_reported(
    customer: Customer, simulator: Simulator
) -> None:
    """It costs credit too, but is not in the inbox."""
    foreign = simulator.foreign_send("test", ["5551112233"], "Öteki", ago=100.0)
    assert await customer.ask("campaignidlist", page="0") == f"00 {foreign}"
    assert await customer.ask("dlr", id=foreign) == "23|905551112233 9"
    assert await customer.ask("credit") == "00 15599"
    assert simulator.inbox == []


def test_accounts_do_not_see_each_other() -> None:
    """Neither sendings, nor reports, nor duplicates are shared."""
    simulator = Simulator([Account("test", "test"), Account("other", "secret")])
    foreign = simulator.foreign_send("other", ["905559998877"], "Merhaba", ago=100.0)
    query = {"username": "test", "password": "test"}
    core = simulator.core
    assert core.handle("GET", "/api/dlr/v1", query | {"id": foreign}).text == "79"
    page = core.handle("GET", "/api/campaignidlist/v1", query | {"page": "0"})
    assert page.text == "00"
    message = query | PARAMETERS["smsget"]
    assert core.handle("GET", "/api/smsget/v1", message).code == "00"


async def test_a_number_is_blacklisted_once(customer: Customer) -> None:
    """It is kept with 12 digits, and 78 says that it is there already."""
    assert await customer.ask("blacklistadd", gsm="5559998877") == "00"
    assert await customer.ask("blacklistadd", gsm="05559998877") == "78"
    assert await customer.ask("blacklistadd", gsm="123") == "93"
    assert await customer.ask("blacklistexport") == "00 905559998877"


async def test_the_blacklist_has_the_documents_odd_space(
    customer: Customer, simulator: Simulator
) -> None:
    """There is one before the last of several numbers."""
    assert await customer.ask("blacklistexport") == "00"
    simulator.account.blacklist = {"905550000001", "905550000002", "905550000003"}
    assert (
        await customer.ask("blacklistexport")
        == "00 905550000001|905550000002| 905550000003"
    )


async def test_a_blacklisted_number_is_accepted_but_neither_reached_nor_charged(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """The others of the request are."""
    simulator.account.blacklist.add("905559998866")
    body = individual_order(("5559998866", "Merhaba"), ("5559998877", "Merhaba"))
    dlr_id = (await customer.post(body)).removeprefix("00 ")
    clock.advance(80.0)
    assert await customer.ask("dlr", id=dlr_id) == "23|905559998866 6|905559998877 9"
    assert await customer.ask("credit") == "00 15599"
