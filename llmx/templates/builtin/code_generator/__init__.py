"""Write code from a description, and its tests, and check both for real."""
