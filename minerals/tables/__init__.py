"""The only reader of inputs/: schema, reading, checking, and resolution of a run onto the tables."""
