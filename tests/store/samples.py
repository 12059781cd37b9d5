"""Any trials that could be stored, and a folder to store them in."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.errors import ErrorKind, Errors
from controller.measure.step import Capacity, Step
from controller.measure.trial import TrialResult, Usage
from controller.measure.window import Window
from controller.store.folder import RunContents, RunFolder, create_run_folder

AT = "2026-11-23T06:13:00.123Z"
NOW = datetime(2026, 11, 23, 6, 13, tzinfo=UTC)
# Also what JSON has to escape, and half a character as a log cut in the middle may hold.
TEXTS = st.text(max_size=12) | st.just("\udcff\n\u2028")
NUMBERS = st.floats(0, 1e6, allow_nan=False)


def new_run(out: Path, *, planned: int = 2, name: str = "quick") -> RunFolder:
    """Return a fresh run folder."""
    plan = f'name = "{name}"\n[load]\nin_flight = 64 # plan\n'
    contents = RunContents(plan_toml=plan, planned=planned, builds={"python-flask": "k1"}, machine={"cores": 2})
    return create_run_folder(out, name, now=NOW, contents=contents)


def trial_of(order: int, *, trial: int | None = None, outcome: str = "ok") -> TrialResult:
    """Return a plain trial."""
    return TrialResult(
        trial=order if trial is None else trial,
        block=1,
        order=order,
        target="python-flask",
        variant="default",
        scenario="health",
        started_at=AT,
        outcome=outcome,
    )


def usages() -> st.SearchStrategy[dict[str, Usage]]:
    """Draw what parties used."""
    usage = st.builds(
        Usage,
        cpu_s=NUMBERS,
        busiest=st.floats(0, 1),
        peak_rss_bytes=st.integers(0, 1 << 40),
        threads=st.none() | st.integers(0, 1000),
        context_switches=st.none() | st.integers(0, 1 << 40),
        in_query=st.none() | NUMBERS,
    )
    return st.dictionaries(st.sampled_from(["server", "generator", "master"]), usage, max_size=3)


def errors() -> st.SearchStrategy[dict[str, Errors]]:
    """Draw errors by kind."""
    moments = st.none() | NUMBERS
    one = st.builds(Errors, count=st.integers(1, 1 << 60), first_s=moments, last_s=moments, sample=st.none() | TEXTS)
    return st.dictionaries(st.sampled_from([kind.value for kind in ErrorKind]), one, max_size=3)


def trials(order: st.SearchStrategy[int]) -> st.SearchStrategy[TrialResult]:
    """Draw trials without endpoints: those come from windows."""
    return st.builds(
        TrialResult,
        trial=st.integers(1, 99),
        block=st.integers(1, 9),
        order=order,
        target=TEXTS,
        variant=TEXTS,
        scenario=TEXTS,
        factors=st.dictionaries(st.sampled_from(["gzip", "pool"]), TEXTS | st.integers(0, 99)),
        started_at=st.just(AT),
        outcome=st.sampled_from(["ok", "failed", "interrupted"]),
        reason=st.none() | TEXTS,
        startup_s=st.none() | NUMBERS,
        warmup_s=st.none() | NUMBERS,
        warmup_end=st.none() | st.sampled_from(["fixed", "steady", "capped"]),
        duration_s=st.none() | NUMBERS,
        answered_total=st.none() | st.integers(0, 1 << 60),
        attempts_total=st.none() | st.integers(0, 1 << 60),
        bound=st.none() | st.sampled_from(["server", "generator"]),
        evidence=st.none() | TEXTS,
        errors=errors(),
        usage=usages(),
        doubts=st.lists(st.builds(Doubt, st.sampled_from(DoubtKind), TEXTS), max_size=3).map(tuple),
        notes=st.lists(TEXTS, max_size=3).map(tuple),
        endpoints=st.just({}),
        steps=st.lists(steps(), max_size=3).map(tuple),
        capacity=st.none() | capacities(),
    )


def steps() -> st.SearchStrategy[Step]:
    """Draw steps of a search."""
    words = st.lists(TEXTS, max_size=2).map(tuple)
    return st.builds(Step, step=st.integers(1, 99), rate_per_s=NUMBERS, duration_s=NUMBERS, missed=words, doubts=words)


def capacities() -> st.SearchStrategy[Capacity]:
    """Draw what searches found; their steps are few, as those of windows."""
    known = st.none() | NUMBERS
    step = st.none() | st.integers(1, 3)
    return st.builds(Capacity, slo=TEXTS, per_s=known, low_per_s=known, high_per_s=known, step=step)


def windows_of(order: int, n: int) -> list[Window]:
    """Return plain windows of one trial."""
    return [Window(order=order, index=index, start_s=index, end_s=index + 1) for index in range(n)]
