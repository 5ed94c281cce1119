"""Faults, as a client meets them, and what the provider did meanwhile."""

import asyncio

import aiohttp
import pytest

from simulator import Fault, Request, Simulator

from .conftest import Customer, order

IMPATIENT = aiohttp.ClientTimeout(total=0.1)


def carried_out(simulator: Simulator) -> bool:
    """Tell whether the provider accepted the SMS."""
    return bool(simulator.inbox)


async def send_on_the_wire(customer: Customer) -> bytes:
    """Send an SMS on a connection of its own, exactly once."""
    return await customer.wire(
        "smsget", header="BASLIK1", gsm="905559998877", message="Merhaba"
    )


async def test_a_provider_that_is_down_refuses_connections_until_it_is_back(
    customer: Customer, simulator: Simulator
) -> None:
    """Kept connections are cut too, and afterwards it is there at once."""
    await customer.ask("credit")
    simulator.fail(Fault.REFUSE)
    for _ in range(2):
        with pytest.raises(aiohttp.ClientConnectorError):
            await customer.ask("credit")
    simulator.clear_faults()
    assert await customer.ask("credit") == "00 15600"
    assert len(simulator.requests) == 2


async def test_an_outage_can_end_by_itself(
    customer: Customer, simulator: Simulator
) -> None:
    """After the seconds it was given."""
    simulator.fail(Fault.REFUSE, seconds=0.02)
    with pytest.raises(aiohttp.ClientConnectorError):
        await customer.ask("credit")
    async with asyncio.timeout(5):
        while simulator.rules.active:
            await asyncio.sleep(0.01)
    assert await customer.ask("credit") == "00 15600"


async def test_a_provider_can_start_while_it_is_down(
    simulator: Simulator, socket_enabled: None
) -> None:
    """Its port is taken but nobody answers."""
    simulator.fail(Fault.REFUSE)
    async with simulator.serve() as url, aiohttp.ClientSession() as session:
        customer = Customer(session, url)
        with pytest.raises(aiohttp.ClientConnectorError):
            await customer.ask("credit")
        simulator.clear_faults()
        simulator.fail(Fault.REFUSE)
        simulator.clear_faults()
        assert await customer.ask("credit") == "00 15600"


def test_a_closed_port_cannot_pick_requests(simulator: Simulator) -> None:
    """Asking for that is a mistake in a test."""
    with pytest.raises(ValueError, match="closed port"):
        simulator.fail(Fault.REFUSE, endpoint="credit")


async def test_a_reset_connection_leaves_the_request_undone(
    customer: Customer, simulator: Simulator
) -> None:
    """The client reads an error, not an end."""
    simulator.fail(Fault.RESET_BEFORE_READING)
    with pytest.raises(ConnectionResetError):
        await send_on_the_wire(customer)
    assert not carried_out(simulator)
    assert simulator.requests[0].fault is Fault.RESET_BEFORE_READING
    assert simulator.requests[0].answer is None


async def test_a_dropped_connection_ends_without_a_word_after_acceptance(
    customer: Customer, simulator: Simulator
) -> None:
    """The record knows the answer that was lost."""
    simulator.fail(Fault.ACCEPT_THEN_DROP)
    assert await send_on_the_wire(customer) == b""
    assert carried_out(simulator)
    assert simulator.requests[0].answer == "00 77300600"


async def test_a_hidden_second_copy_of_a_get_is_on_record(
    customer: Customer, simulator: Simulator
) -> None:
    """A client that repeats a GET by itself reads 77, though the first got through."""
    simulator.fail(Fault.ACCEPT_THEN_DROP)
    assert await customer.send("Merhaba") == "77"
    assert [request.answer for request in simulator.requests] == ["00 77300600", "77"]


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.ACCEPT_THEN_HANG])
async def test_a_hanging_provider_never_answers(
    customer: Customer, simulator: Simulator, fault: Fault
) -> None:
    """The client gives up; whether the SMS was sent depends on the fault."""
    simulator.fail(fault)
    with pytest.raises(TimeoutError):
        await customer.session.post(
            f"{customer.url}/api/smspost/v1",
            data=order("905559998877"),
            timeout=IMPATIENT,
        )
    assert carried_out(simulator) == fault.accepts


async def test_stopping_the_server_ends_a_request_that_hangs(
    simulator: Simulator, socket_enabled: None
) -> None:
    """Nobody waits for it."""
    simulator.fail(Fault.HANG)
    async with aiohttp.ClientSession() as session, asyncio.timeout(5):
        async with simulator.serve() as url:
            hanging = asyncio.create_task(send_on_the_wire(Customer(session, url)))
            while not simulator.requests:
                await asyncio.sleep(0)
        assert await hanging == b""


async def test_a_slow_provider_accepts_at_once_and_answers_later(
    customer: Customer, simulator: Simulator
) -> None:
    """A client that gives up has sent its SMS all the same."""
    simulator.fail(Fault.SLOW, seconds=0.02)
    assert await customer.send("Merhaba") == "00 77300600"
    simulator.fail(Fault.SLOW)
    with pytest.raises(TimeoutError):
        await customer.session.post(
            f"{customer.url}/api/smspost/v1",
            data=order("5551112233"),
            timeout=IMPATIENT,
        )
    assert len(simulator.inbox) == 2


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        (Fault.ERROR_500, 500, b"Internal Server Error"),
        (Fault.ACCEPT_THEN_500, 500, b"Internal Server Error"),
        (Fault.HTML, 200, b"<!DOCTYPE html>"),
        (Fault.ACCEPT_THEN_HTML, 200, b"<!DOCTYPE html>"),
        (Fault.GARBAGE, 200, b"\x00\xff\xfe"),
        (Fault.CODE_99, 200, b"99"),
        (Fault.ACCEPT_THEN_99, 200, b"99"),
        (Fault.EMPTY, 200, b""),
    ],
)
async def test_an_answer_that_is_none_hides_what_was_done(
    customer: Customer, simulator: Simulator, fault: Fault, status: int, start: bytes
) -> None:
    """Only the fault's name tells whether the SMS was sent."""
    simulator.fail(fault)
    address = customer.address(
        "smsget", header="BASLIK1", gsm="905559998877", message="Merhaba"
    )
    async with customer.session.get(address) as response:
        assert response.status == status
        assert (await response.read()).startswith(start)
    assert carried_out(simulator) == fault.accepts
    assert await customer.ask("credit") == f"00 {15600 - len(simulator.inbox)}"


async def test_a_cut_answer_ends_before_its_announced_length(
    customer: Customer, simulator: Simulator
) -> None:
    """What did arrive looks like a success."""
    simulator.fail(Fault.CUT_BODY)
    head, _, body = (await send_on_the_wire(customer)).partition(b"\r\n\r\n")
    assert body == b"00 77300600"
    assert b"Content-Length: 523" in head
    assert carried_out(simulator)


async def test_any_code_can_be_forced(customer: Customer, simulator: Simulator) -> None:
    """The request has no effect."""
    simulator.answer("27", endpoint="dlr")
    simulator.answer("88", endpoint="smsget", times=2)
    assert await customer.send("Merhaba") == "88"
    assert await customer.ask("dlr", id="1") == "27"
    assert await customer.send("Merhaba") == "88"
    assert simulator.inbox == []
    assert await customer.send("Merhaba") == "00 77300600"


async def test_the_first_rule_that_fits_decides(
    customer: Customer, simulator: Simulator
) -> None:
    """Each is used up by the requests it is meant for."""

    def is_for_second(request: Request) -> bool:
        """Tell whether a request goes to the second number."""
        return "gsm=905559998866" in request.target

    simulator.fail(Fault.CODE_99, when=is_for_second)
    simulator.fail(Fault.EMPTY, endpoint="smsget")
    simulator.answer("87", times=None)
    assert await customer.ask("credit") == "87"
    assert await customer.send("a", "905559998866") == "99"
    assert await customer.send("a", "905559998866") == ""
    assert await customer.send("a", "905559998866") == "87"
    simulator.clear_faults()
    assert await customer.send("a", "905559998866") == "00 77300600"


async def test_a_rule_for_no_request_at_all_does_nothing(
    customer: Customer, simulator: Simulator
) -> None:
    """Zero times is never."""
    simulator.fail(Fault.EMPTY, times=0)
    assert await customer.ask("credit") == "00 15600"


async def test_leaving_the_server_frees_its_port(
    simulator: Simulator, socket_enabled: None
) -> None:
    """The next one can have it."""
    async with simulator.serve() as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            async with simulator.serve(port=port):
                pass
    async with simulator.serve(port=port), aiohttp.ClientSession() as session:
        assert await Customer(session, url).ask("credit") == "00 15600"


async def test_nobody_outside_this_machine_is_served(simulator: Simulator) -> None:
    """An address of the network is a mistake."""
    with pytest.raises(ValueError, match="this machine only"):
        async with simulator.serve("0.0.0.0"):
            pass
