"""The numbers that a mix is chosen from."""
