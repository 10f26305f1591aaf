"""Cells from electrochemistry: formula, capacity and voltage → kg per kWh of every mineral."""
