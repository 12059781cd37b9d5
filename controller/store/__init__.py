"""The room that keeps what was measured: one folder a run, whose journal is the truth all tables are made from."""
