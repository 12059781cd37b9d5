"""A search for bytes that break a law, guided by the code they reach: what each harness of this folder runs.

What was found interesting is kept in .fuzz/ and searched from the next time. A finding is a file there, and
`python -m tests.fuzz.NAME FILE` runs it alone.
"""

import os
import sys
from collections.abc import Callable, Iterable

import atheris

from tests.sources import ROOT

FOLDER = ROOT / ".fuzz"
SECONDS = os.environ.get("FUZZ_SECONDS", "300")
MOST_BYTES = 2048


def search(name: str, law: Callable[[bytes], None], *, seeds: Iterable[bytes], words: Iterable[bytes]) -> None:
    """Look for bytes for which the law raises, from seeds on, with words to put in; ends the process."""
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    dictionary = FOLDER / f"{name}.words"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in words), encoding="ascii")
    options = [
        f"-max_total_time={SECONDS}",
        f"-max_len={MOST_BYTES}",
        f"-dict={dictionary}",
        f"-artifact_prefix={FOLDER / name}-",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *(sys.argv[1:] or [*options, str(corpus)])], law)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)
