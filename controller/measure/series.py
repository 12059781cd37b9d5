"""A number that was looked at now and then, kept small where it does not change."""

from array import array
from bisect import bisect_right


class Series:
    """Points of (time in seconds, value), appended in the order of time; between two points a straight line.

    A value that stays the same takes two points however often it is looked at.
    """

    def __init__(self) -> None:
        """Start without a point."""
        self._times = array("d")
        self._values = array("d")

    def __len__(self) -> int:
        """Return how many points are kept."""
        return len(self._times)

    def append(self, at_s: float, value: float) -> None:
        """Add a point; at_s is not before the last one."""
        values = self._values
        if len(values) > 1 and values[-1] == value == values[-2]:
            self._times[-1] = at_s
            return
        self._times.append(at_s)
        values.append(value)

    @property
    def last(self) -> float:
        """The last value; there must be a point."""
        return self._values[-1]

    def at(self, time_s: float) -> float:
        """Return the value at a time: the first one before all points, the last one after them. Needs a point."""
        after = bisect_right(self._times, time_s)
        if after == 0:
            return self._values[0]
        if after == len(self._times):
            return self._values[-1]
        start, end = self._times[after - 1], self._times[after]
        share = (time_s - start) / (end - start)
        return self._values[after - 1] + share * (self._values[after] - self._values[after - 1])

    def greatest(self, from_s: float, to_s: float) -> float:
        """Return the greatest value between two times, both included. Needs a point."""
        inside = self._values[bisect_right(self._times, from_s) : bisect_right(self._times, to_s)]
        return max(self.at(from_s), self.at(to_s), *inside)

    def growth(self, from_s: float, to_s: float) -> float:
        """Return how much the value grew between two times. Needs a point."""
        return self.at(to_s) - self.at(from_s)
