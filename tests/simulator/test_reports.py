"""Delivery reports: what they say as time passes."""

from simulator import ManualClock, Simulator, SystemClock
from simulator.sendings import Account

from .conftest import Customer, order

FIRST, SECOND = "905559998877", "905559998866"


async def report(customer: Customer) -> str:
    """Ask for the report of the first sending."""
    return await customer.ask("dlr", id="77300600")


async def test_a_report_moves_from_not_there_to_complete(
    customer: Customer, clock: ManualClock
) -> None:
    """79, then 29, from the first minute 25, and 23 once every phone has it."""
    await customer.post(order(FIRST, SECOND))
    assert await report(customer) == "79"
    clock.advance(5.0)
    assert await report(customer) == "29"
    clock.advance(54.9)
    assert await report(customer) == "29"
    clock.advance(0.1)
    assert await report(customer) == f"25|{FIRST} 0|{SECOND} 0"
    clock.advance(10.0)
    assert await report(customer) == f"25|{FIRST} 5|{SECOND} 5"
    clock.advance(10.0)
    assert await report(customer) == f"23|{FIRST} 9|{SECOND} 9"


async def test_phones_differ_in_one_report(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """It is complete when the last number is."""
    simulator.handset(FIRST, delivered_after=3600.0)
    simulator.handset("5559998866", fails_after=100.0)
    await customer.post(order(FIRST, SECOND, "1234"))
    clock.advance(90.0)
    assert await report(customer) == f"25|{FIRST} 5|{SECOND} 5|1234 6"
    clock.advance(10.0)
    assert await report(customer) == f"25|{FIRST} 5|{SECOND} 6|1234 6"
    clock.advance(3500.0)
    assert await report(customer) == f"23|{FIRST} 9|{SECOND} 6|1234 6"


async def test_a_report_may_leave_numbers_out(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """It waits for their phones all the same, and one number it always names."""
    simulator.account.unreported = {SECOND}
    simulator.handset(SECOND, delivered_after=100.0)
    await customer.post(order(FIRST, SECOND))
    clock.advance(90.0)
    assert await report(customer) == f"25|{FIRST} 9"
    clock.advance(10.0)
    assert await report(customer) == f"23|{FIRST} 9"
    simulator.account.unreported = {FIRST, SECOND}
    assert await report(customer) == f"23|{FIRST} 9"
    simulator.account.unreported = set()
    assert await report(customer) == f"23|{FIRST} 9|{SECOND} 9"


async def test_a_report_may_name_numbers_besides(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """They count as failed."""
    simulator.account.also_reported = ("1234",)
    await customer.post(order(FIRST))
    clock.advance(80.0)
    assert await report(customer) == f"23|{FIRST} 9|1234 6"


async def test_a_phone_that_stays_off_closes_the_report_after_48_hours_and_10_minutes(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """Until then it is pending."""
    simulator.handset(FIRST, delivered_after=None)
    await customer.send("Merhaba", FIRST)
    clock.advance(48 * 3600 + 599)
    assert await report(customer) == f"25|{FIRST} 5"
    clock.advance(1.0)
    assert await report(customer) == f"23|{FIRST} 6"


async def test_a_message_is_not_delivered_after_its_validity(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """The phone came back too late."""
    simulator.handset(FIRST, delivered_after=3601.0)
    await customer.post(order(FIRST, options="<validity>60</validity>"))
    clock.advance(3601.0)
    assert await report(customer) == f"25|{FIRST} 5"
    clock.advance(599.0)
    assert await report(customer) == f"23|{FIRST} 6"


async def test_a_scheduled_sending_waits_and_then_lives_as_any_other(
    customer: Customer, simulator: Simulator, clock: ManualClock
) -> None:
    """29 until it leaves."""
    options = "<sendDateTime>2026.12.1.9.0.0</sendDateTime>"
    await customer.post(order(FIRST, options=options))
    assert await report(customer) == "29"
    clock.advance(simulator.inbox[0].send_at - clock.now())
    assert await report(customer) == "79"
    clock.advance(80.0)
    assert await report(customer) == f"23|{FIRST} 9"


async def test_an_unknown_id_has_no_report(customer: Customer) -> None:
    """Neither has one that is no number."""
    assert await customer.ask("dlr", id="1") == "79"
    assert await customer.ask("dlr", id="abc") == "79"


def test_a_fast_clock_hurries_reports_but_not_the_time_of_day() -> None:
    """A demo needs the one and scheduled sendings the other."""
    simulator = Simulator([Account("test", "test")], clock=SystemClock(speed=1e9))
    simulator.core.handle("POST", "/api/smspost/v1", body=order(FIRST).encode())
    query = {"username": "test", "password": "test", "id": "77300600"}
    assert simulator.core.handle("GET", "/api/dlr/v1", query).text == f"23|{FIRST} 9"
    assert abs(SystemClock(speed=1e9).now() - SystemClock().now()) < 1
