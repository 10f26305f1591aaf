"""The result tables of a run, made from its arrays."""
