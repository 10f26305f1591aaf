"""From GWh to kt: pure functions on arrays. No files, no printing; every array has a leading draw axis."""
