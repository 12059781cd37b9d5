"""Throughput by block with a known spread: what statistics are tried on."""

from math import exp
from random import Random


def noisy(rate_per_s: float, *, blocks: int, spread: float, random: Random) -> dict[int, float]:
    """Return a rate in each block, lognormal around the given one with this spread of its logarithm."""
    return {block: rate_per_s * exp(random.gauss(0, spread)) for block in range(1, blocks + 1)}
