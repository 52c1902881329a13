"""A real llama.cpp server with a tiny model: ``python -m tests.contracts.real_server MODEL [embeddings]``.

Prints its address and serves until its stdin ends, in a process of its own because the server's destructor may hang.
"""

import os
import sys

import xllamacpp

CONTEXT = 1024


def main(model, embeds):
    """Serve ``model``, one thread, on a free port of 127.0.0.1."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.n_batch = parameters.n_ubatch = 128
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.warmup = parameters.fit_params = False
    parameters.verbosity = -1
    parameters.embedding = embeds
    if embeds:
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], "embeddings" in sys.argv)
