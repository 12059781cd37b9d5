"""Errors of a trial by kind: counts from its windows, moments and words from its workers."""

from random import Random

import pytest

from controller.measure.errors import Errors, errors_of, merged_spans


@pytest.mark.parametrize("seed", range(10))
def test_spans_of_workers_merge_in_any_order(seed: int) -> None:
    """First is the first of any worker, last the last of any, however the errors were spread over them."""
    random = Random(seed)
    moments = [(random.choice(["reset", "timeout"]), random.uniform(0, 100)) for _ in range(40)]
    parts = [{kind: (at_s, at_s)} for kind, at_s in moments]
    kinds = {kind: [at_s for one, at_s in moments if one == kind] for kind, _ in moments}
    middle = random.randrange(len(parts))

    assert merged_spans(parts) == {kind: (min(found), max(found)) for kind, found in kinds.items()}
    assert merged_spans([merged_spans(parts[middle:]), merged_spans(parts[:middle])]) == merged_spans(parts)


def test_what_only_a_lost_worker_knew_is_unknown() -> None:
    """Its windows were delivered and count; when the errors came, and what they said, nobody can say any more."""
    errors = errors_of({"timeout": 2, "reset": 1}, spans={"reset": (0.5, 0.5)}, messages={"reset": ["/: a", "/: b"]})

    assert errors == {
        "reset": Errors(count=1, first_s=0.5, last_s=0.5, sample="/: a"),
        "timeout": Errors(count=2),
    }
    assert list(errors) == ["reset", "timeout"]
