#!/bin/sh
# 4. A review whose exit code a pipeline can trust. 04-review-in-ci.sh [MODEL]; examples/ci has whole jobs.
set -eu
model=${1:-ollama/qwen2.5:1.5b}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'import os\n\n\ndef run(command):\n    return os.system(command)\n' > app.py

code=0
llmx template exec code-review --param code_path=app.py --param 'aspects=["security"]' --model "$model" \
    --fail-on high --report sarif=review.sarif --output-dir review || code=$?

case $code in
    0) echo "nothing to report" ;;
    1) echo "findings, see review.sarif" ;;
    3) echo "inconclusive: no model has answered, so nothing is known" ;;
    *) echo "it could not be done (exit $code)"; exit "$code" ;;
esac
