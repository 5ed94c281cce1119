"""A full account: what a long history and many recipients cost a reload and each send."""

from copy import replace
from functools import partial
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from custom_components.bisms.files import AccountFiles
from custom_components.bisms.outbox import Delivery, End, State, ledger
from custom_components.bisms.outbox.journal import Journal, Saved
from custom_components.bisms.provider.models import NumberState

from .disks import Disk
from .home import RECIPIENT, account, act, in_home_assistant, provider
from .measuring import Way, side_by_side, watched_loop
from .ours import Texts, accepted, check, outbox_of
from .report import Figure, Part, at_most, number
from .scale import Scale

_DAYS, _DAY = 31, 24 * 3600.0
_GOAL = 1.05
_OTHERS = 20
_LONGEST_BLOCK = 20.0
_PAUSE = 0.05


def measure(scale: Scale, disk: Disk) -> Part:
    """Measure the part, with as many and as old ones kept as are to be."""
    ledger.KEEP_FINISHED = max(ledger.KEEP_FINISHED, scale.finished)
    ledger.KEEP_SECONDS = max(ledger.KEEP_SECONDS, int(_DAYS * _DAY))
    return in_home_assistant(partial(_measure, scale=scale))


async def _measure(hass: HomeAssistant, *, scale: Scale) -> Part:
    texts = {name: Texts() for name in ("new", "old", "large")}
    async with provider(hass) as simulator:
        new, old = (
            account(simulator.url, title="New"),
            account(simulator.url, title="Old"),
        )
        large = account(simulator.url, title="Large", others=_OTHERS)
        await _write_history(hass, old, scale.finished)
        for entry in (new, old, large):
            await hass.config_entries.async_add(entry)
        ways: dict[str, Way] = {
            name: partial(_send, hass, name, texts[name]) for name in texts
        }
        taken = await side_by_side(ways, rounds=scale.sends, warm_up=scale.sends // 10)
        reloads = await side_by_side(
            {
                "new": partial(hass.config_entries.async_reload, new.entry_id),
                "old": partial(hass.config_entries.async_reload, old.entry_id),
            },
            rounds=scale.repeats,
            pause=_PAUSE,
        )
        async with watched_loop() as blocks:
            await hass.config_entries.async_reload(old.entry_id)
        _check_kept(old, scale.finished)
        sent = {name: texts[name].sent for name in texts}
        await check(
            hass,
            simulator,
            sent["new"] | sent["old"] | sent["large"],
            {new: sent["new"], old: sent["old"], large: sent["large"]},
        )
    what = f"with {scale.finished:,} messages of {_DAYS} days kept"
    return Part(
        "8. A full account",
        [
            at_most(
                f"a send {what}, against an empty history",
                taken["old"] / taken["new"],
                _GOAL,
                "×",
                f"{number(taken['old'] * 1e3)} ms against {number(taken['new'] * 1e3)} ms",
            ),
            Figure(
                f"a send with {_OTHERS} more recipients set up, against one",
                f"{number(taken['large'] / taken['new'])} × "
                f"({number(taken['large'] * 1e3)} ms)",
            ),
            Figure(
                f"a reload {what}",
                f"{number(reloads['old'] * 1e3)} ms against "
                f"{number(reloads['new'] * 1e3)} ms",
            ),
            at_most(
                f"a reload {what}: longest block of the event loop",
                blocks.work * 1e3,
                _LONGEST_BLOCK,
                "ms",
                blocks.aside,
            ),
        ],
    )


async def _write_history(hass: HomeAssistant, entry: ConfigEntry, many: int) -> None:
    """Leave behind what an account would that sent so many messages in the last days."""
    now = time.time()
    ages = ((many - number) * _DAYS * _DAY / (many + 1) for number in range(many))
    finished = [_delivered(number, now - age) for number, age in enumerate(ages)]
    journal = Journal(AccountFiles(hass, entry.entry_id))
    await journal.save(Saved(finished, at=now, utc=now))


def _delivered(number: int, at: float) -> Delivery:
    delivery = accepted(f"Kapı açıldı, gün {number}", number, at)
    assert delivery.acceptance is not None
    numbers = {RECIPIENT: NumberState.DELIVERED}
    return replace(
        delivery,
        doing=End(State.DELIVERED, None),
        acceptance=replace(delivery.acceptance, numbers=numbers),
    )


async def _send(hass: HomeAssistant, name: str, texts: Texts) -> None:
    await act(hass, "notify", name, message=texts.new(), target=[RECIPIENT])


def _check_kept(entry: ConfigEntry, many: int) -> None:
    """Raise if anything of the history was dropped meanwhile."""
    kept = sum(delivery.final for delivery in outbox_of(entry).deliveries)
    if kept != many:
        raise RuntimeError(f"{kept} finished messages are kept, not {many}")
