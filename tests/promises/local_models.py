"""Models that run on this machine."""

from tests.promises import Row

ROWS = [
    Row("S2-12", "llmx model list shows the models of this machine with id, backend, size, quantization and time"),
    Row("S2-13", "llmx model pull resumes and checks what it fetches; a bar, or plain lines of percent"),
    Row("S2-14", "A pull tells its states Starting, Downloading, Verifying, Complete and Failed, a line of JSON each"),
    Row("S2-15", "llmx model info shows what a GGUF file is, from its header, without reading its weights"),
    Row("S2-17", "llmx model remove asks, and takes only what llmx has fetched"),
    Row("S2-18", "The quantization is chosen by name; a missing one is an error that lists those that there are"),
    Row("S2-43", "llmx quickstart: a sandboxed command, an answer and the next command, within seconds, offline"),
    Row("S3-10", "The three small models are recommended with their sizes, and the best that fits"),
    Row("S4-01", "A model of the hub is pulled by repository and optional file; an unknown file lists the choices"),
    Row("S4-02", "A local GGUF file is taken by its path; a missing one is exit 4, one that is none exit 3"),
    Row("S4-03", "Without a file the usual quantization is taken, with all its parts, and another choice is said"),
    Row("S3-11", "mlx runs MLX models by their chat template and make_sampler(temp, top_p)", "on Linux on a processor"),
    Row("S4-04", "GGUF models run on llama-cpp-python, the same seed saying the same", "or on xllamacpp"),
    Row("S4-05", "A model is loaded once for many prompts, another configuration by itself"),
    Row("S4-06", "An agent's session samples at 0.7 and 0.9, answers in up to 4096 tokens", "or as was said"),
    Row("S4-37", "An agent of the hub's model or of a file's becomes what the runner of local models takes"),
    Row("S4-22", "A worker tells memory, model size, sessions, tokens and speed", "exit 3 where none is loaded"),
    Row("S4-23", "A model that cannot be loaded is exit 3 with its name, the cause and what to type"),
    Row("S2-16", "llmx model status shows Ollama, gguf and mlx, and is 0 where they are down; --require makes it 3"),
    Row("S2-20", "llmx model bench tells the time to the first token and tokens a second, by --vs beside another's"),
    Row("S4-36", "llmx model bench tells the memory that a model takes; a worker's end gives it back"),
    Row("S4-28", "Loading tells stage and percent: a bar, plain lines, or lines of JSON"),
    Row("S4-30", "--quiet, LLMX_QUIET and SAH_QUIET=1 leave progress out, and no error"),
    Row("S4-31", "The preset small is Phi-4 mini, 30 s for its tools"),
    Row("S4-32", "The preset medium is Qwen3 Coder 30B, 60 s for its tools"),
    Row("S4-33", "The preset local is a file of one's own, 45 s for its tools"),
    Row(
        *("S4-39", "An answer ends at its end, its length, or where it says 10 to 100 characters three times"),
        "gguf.stop_repetition is off by default; the queue and Parquet are to come",
    ),
    Row("S4-26", "Too little memory is told before loading: required, available, and what would fit"),
    Row("S4-27", "A file that is no sound GGUF file is refused with what is wrong in it"),
]
