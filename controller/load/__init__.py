"""The room that drives load: Locust in control, a wire engine under it."""
