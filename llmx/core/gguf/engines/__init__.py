"""The engines for GGUF files: one on llama.cpp's C functions, one on its server inside the process."""
