"""Templates."""

from tests.promises import Row

ROWS = [
    Row("S2-21", "llmx template list, also of one category"),
    Row("S2-22", "llmx template info shows what a template takes; an unknown one is exit 4 with the nearest"),
    Row("S2-23", "llmx template exec with --param, --params-file and --output-dir, below which alone it writes"),
    Row("S2-24", "llmx template search finds by words; nothing found is no error"),
    Row("S2-25", "llmx template schema is JSON Schema 2020-12"),
    Row("S2-26", "llmx template estimate: tokens, cost, duration and confidence; an unknown price is null"),
    Row("S2-27", "Everything that is wrong with parameters is said at once, unknown names with the nearest"),
    Row("S2-28", "A parameter is read by its declared type: topic=2024 stays text, k=@file reads a file"),
    Row("S2-29", "Every template's result has the same shape, however it ends: result, artifacts, metadata, metrics"),
    Row("S2-30", "Artifacts are written below the output folder only, and over nothing without --force"),
    Row("S2-31", "A phase that fails is named, with what was made until then, and the exit code says it"),
    Row("S2-32", "Templates of one's own, in the user's folder; a clash with a built-in one must be meant"),
    Row(
        "S2-33",
        "research-assistant: gather, ingest, synthesize, validate, with synthesis, sources.json and validation.txt",
        "searches with a tool of an MCP server that the user has declared; llmx has no web search of its own",
    ),
    Row("S2-34", "interactive-chat: one message or lines of stdin, /quit, a limit of turns, a session that is kept"),
    Row("S2-35", "data-analysis: five analyses and six charts are computed, the model says only what was computed"),
    Row("S2-37", "document-processor: seven kinds of documents, five transformations, long ones whole, bad ones named"),
    Row("S2-90", "Templates for programs: six calls, with the results of the command line"),
    Row(
        "S2-42",
        "knowledge-management: ingest, query, update, delete and list, the right document first, with its lines",
        "found by words (BM25); vectors have a place in the store's protocol and no store yet",
    ),
    Row("S2-36", "code-generator: specification, code, tests, checks that really run in the sandbox; eight languages"),
    Row(
        "S2-38",
        "workflow-orchestrator: steps in turn, side by side, on conditions and in loops over agents, commands, tools"
        " and templates, checked before any runs",
    ),
    Row("S2-39", "code-review: findings with lines that hold their evidence, by aspect, with severities and a score"),
    Row(
        "S2-40",
        "content-generation: plan, write, edit until the quality passes or the rounds run out; measured in code",
    ),
    Row(
        "S2-41",
        "file-classification: scan, classify by name, content or both, act; four presets; an undo file restores all",
    ),
    Row(
        "S2-94",
        "A guide of more than 12 chapters, more than 60 examples that tests run, six numbered steps to get started",
        "of examples/demo_model the suite runs the text only: training needs PyTorch",
    ),
    Row("S2-59", "llmx workflow run and validate: the four ways of steps in a YAML or TOML file, with references"),
]
