"""A dozen short texts with words in common, and questions each of which one of them answers best."""

TEXTS = {
    "sandbox.md": """# The sandbox
Every command runs in bubblewrap. It sees the work tree and the system's folders, read-only.
The network is off unless a host is named. What the kernel cannot enforce is listed as degraded.
""",
    "timeouts.md": """# Limits of time
A command that prints nothing for five minutes is stalled and is ended.
The wall clock limit is 300 seconds. At the limit the whole process tree gets SIGTERM, then SIGKILL.
""",
    "cache.md": """# The cache of answers
Answers are kept on disk under a key made of the model, the messages and the parameters.
A hit costs nothing. Only complete answers are kept, for a day.
""",
    "keys.md": """# Keys and secrets
API keys are read from variables, from files or from the keyring. They never stand on a command line.
A key in a settings file is refused.
""",
    "pull.md": """# Pulling a model
`llmx model pull` downloads a GGUF file in eight parts at once and checks its sum.
A download that broke off goes on where it was. Disk space is checked before it begins.
""",
    "sessions.md": """# Sessions
A session keeps the messages of a conversation in a database. Ephemeral sessions are removed after five minutes.
A named session is suspended when it is idle and is never deleted by itself.
""",
    "budget.md": """# Budgets
--max-cost and --max-tokens-total are ceilings. A question that could pass them is not sent.
Spending is counted per day and per month, over all processes.
""",
    "tea.txt": """Green tea is brewed at seventy degrees for two minutes.
Boiling water makes it bitter. Black tea wants boiling water and four minutes.
""",
    "espresso.txt": """An espresso needs nine bars of pressure and water of ninety-two degrees.
It runs for twenty-five seconds. Grind finer when it runs too fast; a bitter cup was ground too fine.
""",
    "bread.txt": """Sourdough rises slowly: the dough ferments overnight in the fridge.
Bake it at two hundred and forty degrees, the first twenty minutes with steam.
""",
    "kaffee.txt": """Für Filterkaffee nimmt man sechzig Gramm auf einen Liter.
Das Wasser soll nicht kochen; Übergießen dauert drei Minuten.
""",
    "学習.txt": "機械学習はデータから規則を学ぶ技術である。\n教師あり学習では正解の付いたデータを使う。\n",
}

QUESTIONS = [
    ("Is the network reachable from a sandboxed command?", "sandbox.md", 3),
    ("what does bubblewrap see", "sandbox.md", 2),
    ("when is a stalled command killed?", "timeouts.md", 2),
    ("Which signal does the process tree get at the limit?", "timeouts.md", 3),
    ("how long are cached answers kept", "cache.md", 3),
    ("What is the cache key made of?", "cache.md", 2),
    ("where are API keys read from", "keys.md", 2),
    ("may secrets be on the command line", "keys.md", 2),
    ("resume a broken download", "pull.md", 3),
    ("does pulling check the checksum of a gguf file", "pull.md", 2),
    ("are idle sessions deleted?", "sessions.md", 3),
    ("--max-cost", "budget.md", 2),
    ("how is spending counted", "budget.md", 3),
    ("at what temperature is green tea brewed", "tea.txt", 1),
    ("why is my espresso bitter", "espresso.txt", 2),
    ("how many bars of pressure", "espresso.txt", 1),
    ("steam when baking sourdough", "bread.txt", 2),
    ("wie viel Gramm Kaffee je Liter", "kaffee.txt", 1),
    ("ubergiessen minuten", "kaffee.txt", 2),
    ("機械学習とは何ですか", "学習.txt", 1),
    ("正解の付いたデータ", "学習.txt", 2),
]
"""Question, the text that answers it, and the line that does."""
