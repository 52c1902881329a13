"""Asking models."""

from tests.promises import Row

ROWS = [
    Row(
        "S0-61", "Groq, vLLM, Hugging Face, OpenRouter and others are endpoints by name", "each by its URL and variable"
    ),
    Row("S2-06", "llmx keys add, list and remove: from stdin or a prompt, masked, in the keyring or a 0600 file"),
    Row("S2-09", "OpenAI, Anthropic, Ollama, Groq and local servers; llmx backend list and test", "not `provider`"),
    Row("S2-10", "A model is written provider/model, and --trace info echoes how it was understood"),
    Row("S2-11", "A key comes from its provider's variable; a missing one is exit 3 and names the variable"),
    Row("S2-19", "Where nothing is named, Ollama's models answer, then those of this machine", "once those are kept"),
    Row("S2-74", "Answers are printed while they come; Ctrl-C ends the call on the wire"),
    Row("S3-01", "One client and one suite of tests over every backend", "mlx by a suite of its own"),
    Row("S3-02", "Each LLM_ variable reaches the call"),
    Row("S3-03", "LLM_BACKEND and --backend select the backend"),
    Row("S3-04", "LLM_MODEL and --model select the model, qwen2.5:1.5b where Ollama is named alone"),
    Row("S3-05", "The health check carries the key, and no error shows it"),
    Row(
        "S3-06",
        "temperature, max_tokens and top_p are sent by every backend, 0.0 included",
        "512 tokens where nothing is set; temperature and top_p are then the model's own",
    ),
    Row(
        "S3-07",
        "LLM_TIMEOUT ends a call that takes too long, with exit 124",
        "a model that runs here has 10 minutes to load, beside that",
    ),
    Row(
        "S3-09",
        "Ollama gets roles and the system prompt as messages, tells its tokens, and where it is down: `ollama serve`",
        "by /api/chat; /api/generate is not used",
    ),
    Row("S3-12", "remote speaks Anthropic's format where the model or the URL says so, else OpenAI's"),
    Row("S3-13", "mock needs no network, says the same each time, can be scripted, and is marked"),
    Row("S3-14", "await client.generate, many at once, and wrappers that are not asynchronous"),
    Row("S3-15", "An answer has content, model, finish_reason, tokens_used and cached, and its usage in parts"),
    Row("S3-16", "A conversation goes on with chat, its messages in order"),
    Row("S3-17", "A health check is false where a backend is down, slow or refuses the key, and has the reason"),
    Row("S3-18", "LLMConfig has every field of the document, all optional"),
    Row("S3-19", "The document's example runs with only the import changed"),
    Row("S3-20", "An unknown backend is exit 2 with the nearest name; the mock only with LLMX_ALLOW_MOCK_FALLBACK=1"),
    Row("S3-21", "The same call again is marked cached, and the first answer stays as it was"),
    Row("S3-24", "What providers say of a failure becomes errors that can be caught by kind"),
    Row("S3-25", "429, 5xx and broken connections are tried again, three times, as Retry-After says", "llm.retry.*"),
    Row("S3-28", "llmx selftest tries the mock, Ollama if up and what is configured, and lists what it left out"),
    Row("S3-30", "Streams are read however they are cut"),
    Row("S3-32", "llm.fallback names who answers where the first is not available; never the mock"),
    Row("S4-08", "A system prompt is sent only where there is one"),
    Row("S4-25", "An answer that takes too long is a timeout of its own kind, 124"),
    Row("S4-35", "The mock keeps to the same suite as the backends that ask a model"),
    Row("S3-29", "The profile pi: Ollama with a small model, and answers of 256 tokens"),
]
