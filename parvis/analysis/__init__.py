"""Analyses: plain data in, frozen results out; no input or output, chance given as an argument."""
