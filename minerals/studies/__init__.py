"""Runs: from a run file to a result."""
