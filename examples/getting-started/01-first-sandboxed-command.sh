#!/bin/sh
# 1. A command in the sandbox: it may write here, and sees neither your home folder nor the network.
set -eu
work=$(mktemp -d)
private=$(mktemp "$HOME/llmx-example-XXXXXX")
trap 'rm -rf "$work" "$private"' EXIT
cd "$work"

llm-exec -- sh -c 'echo "written in the sandbox" > note.txt'
cat note.txt

# What it would be able to read and write, and which limits hold; this runs nothing.
llm-exec --explain -- cat note.txt

# One JSON object for programs: did it run, how did it end, what did it cost.
llm-exec --json --timeout 10s -- cat note.txt

# A file in your home folder: you see it, the command does not. The exit code is the command's own.
cat "$private"
if llm-exec -- cat "$private"; then
    echo "the sandbox is not at work: llmx doctor says why" >&2
    exit 1
fi
echo "your home folder stays private"
