"""What a command or a tool may do: levels, rules on command lines, and who may loosen them."""
