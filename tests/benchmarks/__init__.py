"""Benchmarks: ratios taken in one run, interleaved, of CPU time. Run one by ``python -m tests.benchmarks.startup``."""
