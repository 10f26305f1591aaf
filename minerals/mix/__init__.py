"""The mix of chemistries and sourcing as a linear programme: Pyomo states it, HiGHS solves it."""
