"""The model held against published results."""
