#!/bin/sh
# 3. A model on this machine: look at it before the download, fetch it, ask it. 03-local-model.sh [MODEL]
set -eu
model=${1:-hf:Qwen/Qwen3-0.6B-GGUF:Q8_0}

llmx model info "$model"     # size, context and license, read from the header of the file
llmx model pull "$model"     # goes on where it was when it is broken off; the digest is checked
llmx model list
llmx generate --model "$model" "What is the capital of France?"
