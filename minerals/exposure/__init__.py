"""Exposure: who holds each stage of a chain, and how many batteries cannot be built if a supplier stops a flow."""
