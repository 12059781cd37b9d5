"""What schemathesis is not to ask: the contract leaves it open, or it would take minutes. Loaded by its command."""

from typing import Any

import schemathesis


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Leave out parameters given twice, bytes that are no UTF-8, a NUL, and the default n of 40."""
    query: dict[str, Any] = dict(case.query or {})
    if case.operation.path == "/api/compute" and query.get("n") in (None, [], {}):
        return False
    return all(is_covered(name) and is_covered(value) for name, value in query.items())


def is_covered(value: object) -> bool:
    """Whether the contract says what a target does with a name or value."""
    if isinstance(value, (list, dict, tuple)):
        return False
    text = str(value)
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
