"""A small MCP server on stdin and stdout; its first word says how it behaves."""

import json
import sys

how = sys.argv[1] if len(sys.argv) > 1 else "well"
if how == "ends":
    print("cannot find its data", file=sys.stderr)
    sys.exit(3)
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked or how == "is silent":
        continue
    if asked["method"] == "initialize":
        if how == "chats":
            print("starting up")
            print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {}}))
        answer = {
            "serverInfo": {"name": "small", "version": "1"},
            "capabilities": {"tools": {}},
            "protocolVersion": "1",
        }
    elif asked["params"].get("cursor"):
        answer = {"tools": [{"name": "two"}]}
    else:
        answer = {"tools": [{"name": "one"}], "nextCursor": "more"}
    whole = {"jsonrpc": "2.0", "id": asked["id"], "result": answer}
    if how == "refuses":
        whole = {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -1, "message": "not today"}}
    print(json.dumps(whole), flush=True)
