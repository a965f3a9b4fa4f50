"""Judges identity resolution against known truth, without a server: `python -m bench.identity --help`."""
