"""The configuration of other people's coding agents: from one source, entry by entry, never owned whole.

A client is one small module that knows its files and how it writes things; all else is done once, here.
"""
