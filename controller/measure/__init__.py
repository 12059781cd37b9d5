"""The room that turns what was observed into exact counts: histograms, windows, resources, doubts."""
