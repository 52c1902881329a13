"""The record of runs: what was run, how it ended, and what it said where that is stored.

Every run stands in the execution log, and that is its record. A run that stores more has a folder too, named by its
id: what it printed, without secrets, and its result.
"""
