"""Prices by chemistry: learning curves, and what closes a cost gap. Pure functions on arrays."""
