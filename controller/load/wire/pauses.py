"""What lanes of every load model do after an error: go on at once, or pause for ever longer."""

# After an attempt on a connection that never answered the lane pauses, each time twice as long.
LEAST_PAUSE_S = 0.01
MOST_PAUSE_S = 1.0
# Errors after which the server is there and goes on as after a right answer.
ANSWERED_WHOLE = frozenset({"wrong_status", "wrong_length", "wrong_body"})


def pause_after_s(pause_s: float, *, never_answered: bool) -> float:
    """Return how long to pause after an error, given the pause before it.

    A server that breaks off after many answers is asked again at once: it may do so by design.
    """
    return min(MOST_PAUSE_S, max(LEAST_PAUSE_S, 2 * pause_s)) if never_answered else 0.0
