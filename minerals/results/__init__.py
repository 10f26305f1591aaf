"""What a run gives: tidy tables and a record, on disk or in memory, and the ways to read them."""
