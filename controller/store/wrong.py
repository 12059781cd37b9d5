"""Samples of what went wrong under load: a few messages of each kind of error, for a person to look at."""

import json
from collections.abc import Mapping, Sequence

from controller.store.files import write_whole, writing
from controller.store.folder import RunFolder


def write_wrong(run: RunFolder, order: int, messages: Mapping[str, Sequence[str]]) -> None:
    """Write the first messages of a trial's errors, by kind, to wrong/<order>.json. Raises StoreError."""
    path = run.wrong / f"{order:04d}.json"
    with writing(path):
        write_whole(path, json.dumps(messages, indent=2, ensure_ascii=False) + "\n")
