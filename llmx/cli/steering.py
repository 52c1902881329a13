"""What could steer a terminal, and is left out of what models say there: their text is data."""

CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
"""For ``str.translate``."""
