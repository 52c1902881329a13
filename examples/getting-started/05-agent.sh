#!/bin/sh
# 5. An agent: who answers and how, under a name. And what a coding agent has to know to use llm-exec.
# 05-agent.sh [PROVIDER MODEL]
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export XDG_CONFIG_HOME="$work"     # for this example only: without this line the agent is kept in ~/.config/llmx

llmx agent create explainer --provider "${1:-ollama}" --model "${2:-qwen2.5:1.5b}" --temperature 0.2 \
    --system "You explain in one short sentence."
llmx agent resolve explainer       # what holds for it, and where each value comes from
llmx agent run explainer "What is a sandbox?"

llmx agents-md init                # AGENTS.md: coding agents run their commands through llm-exec
cat AGENTS.md
