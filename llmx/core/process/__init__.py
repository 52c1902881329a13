"""Start a process, watch it, and end it together with everything it started."""
