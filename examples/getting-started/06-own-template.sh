#!/bin/sh
# 6. A template of your own: phases in code, a question to a model, and a golden case. 06-own-template.sh [BACKEND]
set -eu
backend=${1:-ollama}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

llmx template new ./sum-up
llmx template info ./sum-up
llmx template exec ./sum-up --param text="The fox jumps over the dog. The dog does not mind." --backend "$backend" \
    --output-dir out
cat out/summary.md

# Keep the answers as a golden case; from now on the template is tested without a model.
llmx template test ./sum-up --record --backend "$backend"
llmx template test ./sum-up
