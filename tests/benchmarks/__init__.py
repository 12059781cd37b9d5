"""Tests of how FastServe itself is measured."""
