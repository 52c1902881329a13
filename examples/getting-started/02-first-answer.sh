#!/bin/sh
# 2. An answer without a key and without a network, from the demo model that comes with llmx. It is a toy, and says so.
set -eu

llmx generate "What is the capital of France?"

# For programs: who has answered, and how many tokens it took.
llmx generate --output json "What is the capital of France?"
