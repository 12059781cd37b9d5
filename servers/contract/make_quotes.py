"""Write quotes.csv: 1000 invented quotes by invented authors, the same bytes on every machine.

python3 make_quotes.py > quotes.csv
"""

import csv
import sys
from random import Random
from typing import Final, TextIO

ROWS: Final = 1000
SEED: Final = 1000

FIRST: Final = (
    "Quill", "Bramble", "Oswin", "Tansy", "Fennel", "Marlow", "Pipkin", "Sorrel", "Thistle", "Wren",
    "Juniper", "Caspian", "Clover", "Dapple", "Ember", "Fable", "Gossamer", "Hickory", "Inkling", "Larch",
)  # fmt: skip
LAST_START: Final = (
    "Lark", "Moss", "Thimble", "Copper", "Candle", "Puddle", "Button", "Feather", "Kettle", "Marble",
    "Nettle", "Pebble", "Ripple", "Saddle", "Tumble", "Velvet", "Whisker", "Acorn", "Bobbin", "Cobble",
)  # fmt: skip
LAST_END: Final = ("whistle", "bottom", "wick", "worth", "shaw", "thorpe", "dale", "combe", "brook", "wink")

THINGS: Final = (
    "queue", "river", "lantern", "bridge", "ledger", "garden", "kettle", "clock", "map", "ladder",
    "letter", "harbour", "needle", "orchard", "cache", "window", "anchor", "compass", "basket", "candle",
)  # fmt: skip
QUALITIES: Final = (
    "patient", "crooked", "quiet", "honest", "narrow", "borrowed", "early", "heavy", "empty", "steady",
    "hurried", "polished", "forgotten", "careful", "stubborn",
)  # fmt: skip
DEEDS: Final = (
    "carries", "outlives", "forgives", "measures", "teaches", "outruns", "mends", "remembers", "questions", "repays",
)  # fmt: skip
SHAPES: Final = (
    "One {quality} {thing} {deed} the {other_quality} {other}.",
    "Whoever counts every {thing} twice never trusts a {quality} {other}; ask the one who {deed} it.",
    "What a {thing} {deed}, no {quality} {other} takes away!",
    "Why hurry? The {quality} {thing} {deed} {number} of its kind, and the {other} only one.",
    "First the {thing}, then the {other}: so it is with {quality} work, and so it was before.",
    "I kept {number} {quality} notes about one {thing}, and the {other} still {deed} them all.",
)


def main(out: TextIO) -> None:
    """Write the header and the rows, each line ended by a single line feed."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("id", "author", "content"))
    # random() alone is promised to give the same sequence for a seed in every later Python.
    draw = Random(SEED)
    contents = distinct_contents(draw)
    for number, content in enumerate(contents, start=1):
        writer.writerow((number, author(draw), content))


def distinct_contents(draw: Random) -> list[str]:
    """Return ROWS contents, no two the same."""
    contents: dict[str, None] = {}
    while len(contents) < ROWS:
        contents[content(draw)] = None
    return list(contents)


def content(draw: Random) -> str:
    """Return one sentence with everything in it drawn."""
    return one_of(SHAPES, draw).format(
        thing=one_of(THINGS, draw),
        other=one_of(THINGS, draw),
        quality=one_of(QUALITIES, draw),
        other_quality=one_of(QUALITIES, draw),
        deed=one_of(DEEDS, draw),
        number=2 + int(draw.random() * 98),
    )


def author(draw: Random) -> str:
    """Return a name that nobody bears."""
    return f"{one_of(FIRST, draw)} {one_of(LAST_START, draw)}{one_of(LAST_END, draw)}"


def one_of(words: tuple[str, ...], draw: Random) -> str:
    """Return one of the words, each equally likely."""
    return words[int(draw.random() * len(words))]


if __name__ == "__main__":
    main(sys.stdout)
