"""The room that turns trials into answers: summaries, intervals, paired ratios, verdicts, rankings, words."""
