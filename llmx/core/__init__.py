"""The shared core (floor 1): settings, processes, redaction, runs, edits, the client and its backends."""
