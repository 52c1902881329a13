"""GGUF files: what their headers say, how much memory they need, and the engines that run them."""
