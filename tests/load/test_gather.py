"""What gathers during a trial, window by window."""

from controller.load.gather import Gathered
from controller.measure.histogram import recorded
from controller.measure.window import EndpointCounts, Phase, Window


def second(
    number: int, *, planned: int | None, ended: int, phase: Phase = Phase.MEASURED, users: int = 8, earlier: int = 0
) -> Window:
    """Return the window of a second: arrivals planned in it (None in a closed load), and attempts that ended in it."""
    lag = None if planned is None else recorded({0: planned} if planned else {})
    own = EndpointCounts(latency=recorded({100: ended} if ended else {}), lag=lag)
    before = EndpointCounts(latency=recorded({100: earlier}), lag=recorded({}))
    return Window(
        order=1,
        index=number,
        start_s=number,
        end_s=number + 1,
        phase=phase,
        users=users,
        endpoints={"/a": own},
        earlier={"/a": before} if earlier else {},
    )


def test_arrivals_that_are_waited_for_are_known_at_every_bound() -> None:
    """Planned less ended since the begin, warm-up included: one number more than there are measured windows."""
    record = Gathered()
    record.keep(second(0, planned=10, ended=7, phase=Phase.WARMUP))
    record.keep(second(1, planned=10, ended=8, earlier=3))
    record.keep(second(2, planned=10, ended=12))
    record.keep(second(3, planned=0, ended=0, phase=Phase.DRAIN))

    assert record.in_flight == [3, 2, 0]


def test_a_closed_load_plans_nothing() -> None:
    """What it holds in flight is its plan's number, and whether users came or went is known by the windows."""
    record = Gathered()
    record.keep(second(0, planned=None, ended=5, phase=Phase.WARMUP, users=2))
    record.keep(second(1, planned=None, ended=5, users=8))
    assert (record.in_flight, record.users) == ([], {8})
    record.keep(second(2, planned=None, ended=5, users=9))

    assert record.users == {8, 9}
