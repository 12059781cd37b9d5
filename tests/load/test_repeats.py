"""Which trial runs next: laws over any run, whichever trials are in doubt."""

from collections.abc import Container
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from controller.load.repeats import Agenda, owed_repeats
from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.trial import INTERRUPTED, TrialResult
from controller.plan.factors import variant_of
from controller.plan.schedule import Trial
from tests.factories.trials import failed, trial_of

BLOCKS, EACH = 4, 3
PLANNED = [
    Trial(number=n, block=1 + (n - 1) // EACH, target=f"t{n % EACH}", variant=variant_of({}), scenario="health")
    for n in range(1, BLOCKS * EACH + 1)
]
STOLEN, SATURATED = Doubt(DoubtKind.STOLEN, "9 %"), Doubt(DoubtKind.GENERATOR_SATURATED, "91 %")
NUMBERS = st.frozensets(st.integers(1, BLOCKS * EACH))


def result_of(trial: Trial, *, order: int = 1, doubts: tuple[Doubt, ...] = ()) -> TrialResult:
    """Return what a trial came to."""
    return trial_of(
        trial.target, block=trial.block, trial=trial.number, order=order, doubts=doubts, rate_per_s=10, duration_s=1
    )


def run(agenda: Agenda, doubted: Container[int], *, most: int = 1000) -> list[TrialResult]:
    """Run an agenda to its end, or so many trials; those with these numbers are in doubt each time."""
    results: list[TrialResult] = []
    while agenda and len(results) < most:
        trial, again = agenda.next()
        doubts = (STOLEN, SATURATED) if trial.number in doubted else (SATURATED,)
        results.append(result_of(trial, order=len(results) + 1, doubts=doubts))
        agenda.ended(trial, results[-1], again=again)
    return results


@given(NUMBERS)
def test_each_trial_in_doubt_is_repeated_once_at_the_end_of_its_block(doubted: frozenset[int]) -> None:
    """Planned order inside a block, then its repeats in the same order, however they end; then the next block."""
    ran = [one.trial for one in run(Agenda(todo=list(PLANNED)), doubted)]
    blocks = [list(range(1 + block * EACH, 1 + (block + 1) * EACH)) for block in range(BLOCKS)]

    assert ran == [n for block in blocks for n in (*block, *(one for one in block if one in doubted))]


@given(NUMBERS)
def test_nothing_is_repeated_where_the_plan_says_so(doubted: frozenset[int]) -> None:
    """repeat_doubted = false: every trial once."""
    assert len(run(Agenda(todo=list(PLANNED), repeat=False), doubted)) == len(PLANNED)


@given(NUMBERS, st.integers(0, 2 * BLOCKS * EACH))
def test_a_run_that_was_cut_short_goes_on_as_if_it_had_not_been(doubted: frozenset[int], most: int) -> None:
    """Wherever it was ended: the trials and repeats of both parts are those of a run in one go."""
    whole = [one.trial for one in run(Agenda(todo=list(PLANNED)), doubted)]
    first = run(Agenda(todo=list(PLANNED)), doubted, most=most)
    lacking = [trial for trial in PLANNED if trial.number not in {one.trial for one in first}]
    rest = run(Agenda(todo=lacking, owed=owed_repeats(PLANNED, first)), doubted)

    assert [one.trial for one in (*first, *rest)] == whole


@given(NUMBERS, st.integers(1, BLOCKS))
def test_blocks_that_are_enough_end_a_run_once_they_are_whole(doubted: frozenset[int], needed: int) -> None:
    """It is asked after each block, when its repeats have been run too, and nothing of a later one is begun."""
    asked: list[int] = []

    def enough(block: int) -> bool:
        asked.append(block)
        return block >= needed

    ran = run(Agenda(todo=list(PLANNED), enough=enough), doubted)

    assert {one.block for one in ran} == set(range(1, needed + 1))
    assert len(ran) == needed * EACH + len([n for n in doubted if n <= needed * EACH])
    # After the last of all there is nothing to ask.
    assert asked == list(range(1, min(needed, BLOCKS - 1) + 1))


def test_only_what_was_measured_and_may_pass_is_owed_a_repeat() -> None:
    """No doubt that lies in the plan, no trial that failed or was repeated; but one whose repeat was cut short."""
    stolen = [result_of(trial, order=trial.number, doubts=(STOLEN,)) for trial in PLANNED[:4]]
    again = [replace(stolen[1], order=21), replace(stolen[2], order=22, outcome=INTERRUPTED), failed(stolen[3])]
    stored = [
        stolen[0],
        stolen[1],
        stolen[2],
        stolen[3],
        *again[:2],
        replace(again[2], order=23),
        result_of(PLANNED[4], order=24, doubts=(SATURATED,)),
        failed(result_of(PLANNED[5], order=25, doubts=(STOLEN,))),
    ]

    assert [trial.number for trial in owed_repeats(PLANNED, stored)] == [1, 3]


def test_how_many_are_left_is_known_as_far_as_it_can_be() -> None:
    """A repeat is counted from the moment at which it is known to come."""
    agenda = Agenda(todo=list(PLANNED))
    trial, again = agenda.next()
    agenda.ended(trial, result_of(trial, doubts=(STOLEN,)), again=again)

    assert not again
    assert len(agenda) == len(PLANNED)
