"""A small MCP server on stdin and stdout with two tools: one adds, one fails."""

import json
import sys

for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    answer = {"serverInfo": {"name": "small"}, "capabilities": {"tools": {}}, "protocolVersion": "1"}
    if asked["method"] == "tools/call":
        given = asked["params"]["arguments"]
        if asked["params"]["name"] == "add":
            value = {"sum": given["a"] + given["b"]}
            answer = {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}
        else:
            answer = {"content": [{"type": "text", "text": "it broke"}, {"type": "image"}], "isError": True}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer}), flush=True)
