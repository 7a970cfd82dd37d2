"""Stands between ministack and llama.cpp, and does for a forced tool what Bedrock does: the answer is a call of it.

llama.cpp offers the tool to this small model, which then writes something like a call into its text. So the tool's schema goes
on as the schema of the answer, and the answer comes back as the tool's arguments. Where any tool may be used, it is the one that
takes the answer, which is the last.

usage: tool_as_schema.py PORT MODEL_URL      ends when its standard input is closed
"""

import http.server
import json
import os
import sys
import threading
import urllib.error
import urllib.request

PORT, MODEL = int(sys.argv[1]), sys.argv[2]
# Longer than the model may think for one question.
PATIENCE = 900
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Adapter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"status": "ok"})

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        choice = question.pop("tool_choice", None)
        tools = {tool["function"]["name"]: tool["function"] for tool in question.pop("tools", [])}
        tool = list(tools)[-1] if choice == "required" else (choice or {}).get("function", {}).get("name")
        if tool:
            schema = {"name": tool, "strict": True, "schema": tools[tool]["parameters"]}
            question["response_format"] = {"type": "json_schema", "json_schema": schema}
        asked = urllib.request.Request(
            MODEL + self.path, data=json.dumps(question).encode(), headers={"Content-Type": "application/json"}
        )
        try:
            with DIRECT.open(asked, timeout=PATIENCE) as answered:
                answer = json.load(answered)
        except urllib.error.HTTPError as error:
            return self.answer(error.code, json.load(error))
        message = answer["choices"][0]["message"]
        if tool:
            call = {"name": tool, "arguments": message["content"]}
            message.update(content=None, tool_calls=[{"id": "call_1", "type": "function", "function": call}])
        self.answer(200, answer)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Adapter)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
