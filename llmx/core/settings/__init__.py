"""Settings: one table of keys, layers merged into a value and a source for each, a compiled cache for speed."""
