"""Agents: records of who answers, and what runs them."""

from tests.promises import Row

ROWS = [
    Row("S1-01", "Each agent has its own provider, model, endpoint and parameters, and asks there"),
    Row("S1-02", "An agent's id is a slug of at most 64 characters, given once"),
    Row("S1-03", "Name of at most 128 characters, and a description with any text"),
    Row("S1-04", "An unknown provider is exit 2 with the valid ones"),
    Row("S1-05", "An endpoint of its own, an http or https URL"),
    Row("S1-06", "A model, long names of files included", "256 characters, not 64"),
    Row("S1-07", "A timeout of 30 s where nothing is said; one that is over is exit 124"),
    Row("S1-08", "A temperature of 0.7 where nothing is said; 0.0 is one"),
    Row("S1-09", "max_tokens may be left out, and is then the settings', else 4096"),
    Row("S1-10", "Exactly one agent is the default", "`agent default ID`, not `set-default`"),
    Row("S1-11", "An inactive agent is not used; named, it is exit 2"),
    Row("S1-12", "created_at and updated_at, in UTC"),
    Row("S1-13", "agent set and agent edit change what was named and nothing else"),
    Row("S1-14", "Twenty processes that change an agent at once lose nothing"),
    Row("S1-16", "agent get; an unknown one is exit 4, and of a key only its place is shown"),
    Row("S1-19", "agent delete; the default agent cannot be deleted", "over HTTP: to come"),
    Row(
        "S1-29",
        "Agent, default agent, environment, built-in; --explain names the tier, --strict forbids the last",
        "the settings files are a tier of their own below the environment",
    ),
    Row("S1-30", "AUTOBOT_LLM_ variables are read; LLM_ and LLMX_ go first"),
    Row("S1-34", "agent init makes `default`, ollama and mistral:7b-instruct, once"),
    Row("S1-36", "agent export and import; what is there stays unless forced", "no 29 agents of another system"),
    Row("S3-26", "AgentScheduler runs agents once or again and again; one that fails stops no other"),
    Row("S3-27", "use_llm puts the context as JSON into the system message, and raises on failure"),
]
