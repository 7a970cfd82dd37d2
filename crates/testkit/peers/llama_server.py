"""llama.cpp's own HTTP server, as the package xllamacpp ships it, with one model on loopback.

Prints READY when it answers, and ends when its standard input is closed.
"""

import argparse
import os
import resource
import sys

import xllamacpp

options = argparse.ArgumentParser()
options.add_argument("--model", required=True)
options.add_argument("--name", required=True)
options.add_argument("--port", type=int, required=True)
options.add_argument("--key", help="accepted as a bearer token; without it everybody may ask")
options.add_argument("--prefix", help="path in front of /chat/completions")
chosen = options.parse_args()

# The model needs 2 GB. What goes wrong shall end this server, not the machine.
resource.setrlimit(resource.RLIMIT_DATA, (6 << 30, 6 << 30))

parameters = xllamacpp.CommonParams()
parameters.model.path = chosen.model
parameters.model_alias = {chosen.name}
parameters.hostnames = ["127.0.0.1"]
parameters.port = chosen.port
parameters.offline = True
parameters.use_jinja = True
# One question at a time, with room for a prompt and the longest answer that the agent asks for.
parameters.n_ctx = 8192
parameters.n_parallel = 1
parameters.cpuparams.n_threads = 2
parameters.cpuparams_batch.n_threads = 2
# The same answer every time, and none without end: a small model says the same again and again.
parameters.sampling.temp = 0.0
parameters.sampling.penalty_repeat = 1.1
parameters.sampling.penalty_last_n = 256
parameters.n_predict = 1500
if chosen.key:
    parameters.api_keys = [chosen.key]
if chosen.prefix:
    parameters.api_prefix = chosen.prefix

server = xllamacpp.Server(parameters)
print("READY", server.listening_address, flush=True)
sys.stdin.read()
# Threads of the server are still under way; nothing is kept that could be lost.
os._exit(0)
