"""Constraint families of the mix, one module each: why, the equation, the code. `add(model, data)` adds the family."""
