"""A small MCP server with a search tool on stdin and stdout; its words are the tools' names, then what they answer."""

import json
import sys

names, answer = sys.argv[1].split(","), json.loads(sys.argv[2])
schema = {"type": "object", "properties": {"count": {"type": "integer"}, "question": {"type": "string"}}}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    if asked["method"] == "initialize":
        result = {"serverInfo": {"name": "search", "version": "1"}, "capabilities": {"tools": {}}}
    elif asked["method"] == "tools/list":
        result = {"tools": [{"name": name, "inputSchema": schema} for name in names]}
    else:
        said = json.dumps(asked["params"])
        result = json.loads(json.dumps(answer).replace("ASKED", said.replace("\\", "\\\\").replace('"', '\\"')))
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
