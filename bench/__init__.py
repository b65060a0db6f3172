"""Measures speed on this machine: `python -m bench` (see README.md)."""
