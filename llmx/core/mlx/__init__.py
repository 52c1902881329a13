"""MLX models: folders of safetensors, run by mlx-lm on Apple silicon, and on a processor under Linux."""
