"""A message that may have got through: how long that is looked into, and how it ends."""

import pytest

from custom_components.bisms.outbox.events import Accepted, Restored, Sighting, Signal
from custom_components.bisms.outbox.lifecycle import DOUBT_LIMIT
from custom_components.bisms.outbox.record import (
    Attempt,
    Attempts,
    Certainty,
    Delivery,
    Doubt,
    State,
    Task,
)
from tests.messages import DAY, HOUR, NOW, after, delivery, having

from .lives import (
    BEGAN,
    DUPLICATE,
    NO_ANSWER,
    NO_CONNECTION,
    NO_CREDIT,
    SEEN,
    TWIN_OPEN,
    TWIN_SENT,
    WRONG_SECRET,
    begun,
    due,
    ended,
    in_doubt,
    parked,
)

MINUTE = 60.0
LATER = Sighting("105", NOW + 1)


def until(d: Delivery) -> float:
    """Return up to how many seconds after `NOW` a doubt is looked into."""
    assert d.doubt is not None
    return d.doubt.until - NOW


def given_up(**options: float) -> Delivery:
    """Return a message that is to be sent once more, for its fate could not be learned."""
    return after(in_doubt(resend_in_doubt=True, **options), (HOUR, Signal.UNDECIDED))


def test_a_repeat_keeps_the_id_from_before_the_first_attempt_in_doubt() -> None:
    """The newest id by then may be the very one that is looked for."""
    d = after(in_doubt(), (2, BEGAN._replace(newest=LATER)))

    assert (d.doing, d.baseline) == (Attempt(NOW + 2), SEEN)
    assert d.attempts == Attempts(NOW, NOW, Certainty.SILENT)


def test_an_attempt_after_one_that_was_not_sent_takes_the_newest_id_anew() -> None:
    """An id that came in between can't be this message's."""
    d = after(begun(), (0, NO_CONNECTION), (2, BEGAN._replace(newest=LATER)))

    assert d.baseline == LATER


def test_the_first_and_the_last_attempt_are_remembered() -> None:
    """And the least that is certain of any of them."""
    d = after(in_doubt(), (2, BEGAN), (3, NO_CONNECTION), (8, BEGAN), (9, NO_ANSWER))

    assert d.attempts == Attempts(NOW, NOW + 8, Certainty.SILENT)
    assert d.doubt == Doubt(NOW, NOW + HOUR)


def test_a_message_is_looked_for_until_it_expires() -> None:
    """Its user said how long it may take."""
    assert until(in_doubt(lifetime=HOUR)) == HOUR
    assert until(in_doubt(lifetime=601)) == 601


def test_but_for_ten_minutes_from_the_first_attempt_in_doubt_at_least() -> None:
    """Even if that began long after the message was made, or after others that failed."""
    assert DOUBT_LIMIT == 10 * MINUTE
    assert until(in_doubt(lifetime=599)) == 600

    late = after(delivery(lifetime=300), (250, BEGAN), (251, NO_ANSWER))
    assert until(late) == 850

    second = after(begun(lifetime=300), (0, NO_CONNECTION), (250, BEGAN))
    assert until(after(second, (251, NO_ANSWER))) == 850


@pytest.mark.parametrize("event", [Signal.UNDECIDED, Signal.ASK_FAILED])
def test_the_last_moment_of_a_doubt_is_its_end(event: Signal) -> None:
    """Not a moment sooner."""
    d = in_doubt(lifetime=MINUTE)

    assert after(d, (599.5, event)).state is State.QUEUED
    end = after(d, (600, event))
    assert ended(end) == (State.FAILED, "unknown")
    assert end.doubt is None


def test_a_doubt_that_was_unfounded_leaves_a_message_to_expire() -> None:
    """What the search finds out late is found out all the same."""
    d = after(in_doubt(lifetime=MINUTE), (70, Signal.NOTHING_FOUND))

    assert ended(d) == (State.EXPIRED, "no_answer")


def test_what_nothing_can_tell_is_never_called_expired() -> None:
    """It may have been sent, long ago."""
    d = after(in_doubt(), (200, Signal.NO_REFERENCE))
    assert d.doubt is None

    assert ended(after(d, (HOUR, Signal.TICKED))) == (State.FAILED, "unknown")
    refused = after(d, (200, BEGAN), (201, NO_CREDIT))
    assert ended(refused) == (State.FAILED, "unknown")


def test_what_stays_unknown_stays_so_whatever_comes_later() -> None:
    """A later answer tells nothing of that attempt."""
    d = after(in_doubt(), (200, Signal.NO_REFERENCE), (200, BEGAN), (201, NO_ANSWER))
    assert d.certainty is Certainty.UNKNOWABLE

    d = after(d, (300, Signal.NOTHING_FOUND))
    assert d.certainty is Certainty.UNKNOWABLE

    accepted = after(d, (300, BEGAN), (301, Accepted("101")))
    assert accepted.state is State.WAITING
    assert accepted.claims


def test_without_anything_to_compare_with_a_message_is_sent_once_more_at_most() -> None:
    """A second doubt waits, and ends as unknown; that it was sent again is used up."""
    d = after(
        in_doubt(resend_in_doubt=True),
        (200, Signal.NO_REFERENCE),
        (200, BEGAN),
        (201, NO_ANSWER),
        (300, Signal.NO_REFERENCE),
    )
    assert (d.resend_in_doubt, d.doing) == (False, due(Task.FIND, 310))

    over = after(d, (HOUR, Signal.NO_REFERENCE))
    assert ended(over) == (State.FAILED, "unknown")


def test_77_as_the_first_answer_is_a_refusal() -> None:
    """Somebody sent the same within two minutes, and it was not this message."""
    assert ended(after(begun(), (1, DUPLICATE))) == (State.FAILED, "duplicate_message")
    unclear = after(begun(), (1, TWIN_OPEN))
    assert ended(unclear) == (State.FAILED, "duplicate_message")


def test_77_that_another_message_explains_is_a_refusal_even_after_silence() -> None:
    """The same text went out twice; the provider held this one back."""
    d = after(in_doubt(), (2, BEGAN), (3, TWIN_SENT))

    assert ended(d) == (State.FAILED, "duplicate_message")


def test_77_that_another_message_explains_tells_nothing_of_earlier_attempts() -> None:
    """One that could not be looked for may have got through long before."""
    d = after(in_doubt(), (200, Signal.NO_REFERENCE), (200, BEGAN), (201, TWIN_SENT))

    assert ended(d) == (State.FAILED, "unknown")


def test_77_long_after_a_doubt_was_settled_still_means_that_it_got_through() -> None:
    """Whoever sent the same, it was this message as far as anyone can tell."""
    settled = after(in_doubt(), (100, Signal.NOTHING_FOUND), (100, BEGAN))

    assert after(settled, (101, DUPLICATE)).id_is_lost


def test_a_refusal_waits_for_the_doubt_and_nothing_brings_it_forward() -> None:
    """It is looked for once what was sent must be in the list; nothing is sent."""
    d = after(in_doubt(), (2, BEGAN), (3, NO_CREDIT))
    assert d.doing == due(Task.FIND, 42)

    assert after(d, (5, Signal.BACK)) == d
    assert after(d, (50, Signal.UNDECIDED)).doing == due(Task.FIND, 60)
    assert after(d, (50, BEGAN)).doing == due(Task.FIND, 42)


def test_a_refusal_adds_nothing_to_a_doubt_that_nothing_settles() -> None:
    """Whether it was sent stays unknown, and that is what counts."""
    d = after(in_doubt(), (2, BEGAN), (3, NO_CREDIT))

    assert ended(after(d, (HOUR, Signal.UNDECIDED))) == (State.FAILED, "unknown")
    refused = after(d, (50, Signal.NO_REFERENCE))
    assert ended(refused) == (State.FAILED, "unknown")


def test_who_prefers_a_doubled_alarm_has_it_sent_once_more() -> None:
    """It gets ten minutes for that, begins anew, and what went before stays unknown."""
    d = given_up()

    assert (d.state, d.doing, d.tries) == (State.QUEUED, due(Task.SEND, HOUR), 0)
    assert d.expires_at == NOW + HOUR + DOUBT_LIMIT
    assert d.doubt is None
    assert d.attempts == Attempts(NOW, NOW, Certainty.UNKNOWABLE)
    again = after(d, (HOUR, BEGAN._replace(newest=LATER)))
    assert (again.doing, again.baseline) == (Attempt(NOW + HOUR), LATER)


def test_a_message_that_may_still_wait_is_not_cut_short_by_a_resend() -> None:
    """It keeps the time that it has."""
    long = having(in_doubt(resend_in_doubt=True), expires_at=NOW + 2 * DAY)

    resent = after(long, (HOUR, Signal.UNDECIDED))
    assert resent.expires_at == NOW + 2 * DAY


def test_it_is_sent_once_more_and_not_again_and_again() -> None:
    """The second doubt ends as unknown."""
    d = after(given_up(), (HOUR, BEGAN), (HOUR + 1, NO_ANSWER))
    assert until(d) == HOUR + 600

    assert after(d, (HOUR + 599, Signal.UNDECIDED)).state is State.QUEUED
    over = after(d, (HOUR + 600, Signal.UNDECIDED))
    assert ended(over) == (State.FAILED, "unknown")


def test_a_resent_message_that_could_not_be_sent_is_unknown_not_expired() -> None:
    """Its first copy may have arrived."""
    d = after(given_up(), (HOUR, BEGAN), (HOUR + 1, NO_CONNECTION))

    assert ended(after(d, (HOUR + 600, Signal.TICKED))) == (State.FAILED, "unknown")


def test_a_resent_message_that_is_accepted_is_on_its_way() -> None:
    """With an id of its own."""
    d = after(given_up(), (HOUR, BEGAN), (HOUR + 1, Accepted("200")))

    assert (d.state, d.dlr_id) == (State.WAITING, "200")


def test_a_wrong_secret_leaves_the_fate_of_an_earlier_attempt_unknown() -> None:
    """Nothing may be called expired that may have been sent."""
    d = after(in_doubt(lifetime=MINUTE), (2, BEGAN), (3, WRONG_SECRET))
    assert d.doing == due(Task.WAIT, 600, Signal.SECRET_WORKS)

    assert after(d, (599, Signal.TICKED)) == d
    assert ended(after(d, (600, Signal.TICKED))) == (State.FAILED, "unknown")


def test_a_wrong_secret_keeps_no_message_from_being_sent_once_more() -> None:
    """Its owner wants it sent whatever is unknown."""
    d = in_doubt(lifetime=MINUTE, resend_in_doubt=True)
    d = after(d, (2, BEGAN), (3, WRONG_SECRET), (600, Signal.TICKED))

    assert (d.doing, d.resend_in_doubt) == (due(Task.SEND, 600), False)


def test_after_a_restart_there_is_time_to_look_for_what_is_in_doubt() -> None:
    """Ten minutes at least, even if Home Assistant was off for a day."""
    d = after(in_doubt(), (DAY, Signal.RESTARTED))

    assert d.doing == due(Task.FIND, DAY + 40)
    assert until(d) == DAY + 600
    assert until(after(in_doubt(), (60, Signal.RESTARTED))) == HOUR


def test_after_a_restart_an_attempt_under_way_began_when_it_began() -> None:
    """Whatever it did, it did since."""
    d = after(delivery(), (7, BEGAN), (9, Signal.RESTARTED))

    assert d.attempts == Attempts(NOW + 7, NOW + 7, Certainty.SILENT)
    assert d.doubt == Doubt(NOW + 7, NOW + HOUR)


def test_after_a_restart_pauses_begin_anew() -> None:
    """Whatever was wrong may have been mended."""
    d = after(begun(), (0, NO_CONNECTION), (2, BEGAN), (3, NO_CONNECTION))
    assert d.tries == 2

    d = after(d, (60, Signal.RESTARTED))
    assert (d.tries, d.told, d.doing) == (0, True, due(Task.SEND, 60))


def test_after_a_restart_a_caller_counts_as_told() -> None:
    """He is gone, whether or not anything was tried."""
    assert after(delivery(), (60, Signal.RESTARTED)).told


def test_after_a_restart_what_expired_meanwhile_is_over() -> None:
    """Nobody wants an alarm of yesterday."""
    d = after(begun(), (0, NO_CONNECTION), (HOUR, Signal.RESTARTED))
    assert ended(d) == (State.EXPIRED, "cannot_connect")

    unsent = after(delivery(), (HOUR, Signal.RESTARTED))
    assert ended(unsent) == (State.EXPIRED, None)


def test_after_a_restart_what_a_wrong_secret_kept_is_tried_at_once() -> None:
    """A restart may have brought the new one."""
    assert after(parked(), (9, Signal.RESTARTED)).doing == due(Task.SEND, 9)


def test_a_restored_message_is_looked_for_from_the_newest_id_of_its_backup() -> None:
    """Unless it is in doubt already, since an older one."""
    unsent = after(delivery(), (500, Restored(LATER)))
    assert unsent.baseline == LATER
    assert unsent.doubt == Doubt(NOW, NOW + HOUR)
    assert unsent.attempts == Attempts(NOW, NOW + 500, Certainty.SILENT)

    failed = after(begun(), (0, NO_CONNECTION), (500, Restored(LATER)))
    assert failed.baseline == LATER

    tried = after(in_doubt(), (500, Restored(LATER)))
    assert tried.baseline == SEEN
    assert tried.attempts == Attempts(NOW, NOW + 500, Certainty.SILENT)


def test_a_restored_attempt_under_way_is_one_that_got_no_answer() -> None:
    """As after any restart."""
    restored = after(begun(), (500, Restored(LATER)))

    assert restored == after(begun(), (500, Signal.RESTARTED))


def test_a_restored_message_is_not_sent_before_it_was_looked_for() -> None:
    """Even if its window would be open: it is not known what happened since."""
    d = after(delivery(), (5, Restored(SEEN)))
    assert after(d, (6, BEGAN), steady_since=5).doing == due(Task.FIND, 45)

    again = after(d, (45, Signal.NOTHING_FOUND), steady_since=5)
    assert again.doing == due(Task.SEND, 45)


def test_a_restored_message_that_expired_is_looked_for_all_the_same() -> None:
    """It may have been sent in time; only then it is called expired."""
    d = after(delivery(lifetime=MINUTE), (DAY, Restored(SEEN)))
    assert (d.state, d.doing) == (State.QUEUED, due(Task.FIND, DAY + 40))

    assert ended(after(d, (DAY + 40, Signal.NOTHING_FOUND))) == (State.EXPIRED, None)


@pytest.mark.parametrize(
    "tried",
    [
        after(delivery(), (0, BEGAN._replace(newest=None))),
        after(delivery(), (0, BEGAN._replace(newest=None)), (1, NO_ANSWER)),
    ],
)
def test_a_message_tried_when_no_id_was_known_gets_none_from_a_backup(
    tried: Delivery,
) -> None:
    """The newest id of the backup may be later than that attempt: it proves nothing."""
    assert after(tried, (500, Restored(LATER))).baseline is None
