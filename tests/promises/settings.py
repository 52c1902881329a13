"""Settings and trust."""

from tests.promises import Row

ROWS = [
    Row("S0-04", "agents_md.enabled and agents_md.auto_update are settings, both on"),
    Row("S0-40", "llmx config schema describes every setting, and what the commands write validates against it"),
    Row("S0-41", "A wrong setting is refused with its key path, file and line, and the nearest valid key"),
    Row("S0-42", "A profile gives an environment its own settings"),
    Row("S2-03", "Defaults < profile < /etc < user < project < --config < environment < flag"),
    Row("S2-04", "llmx config init, validate, show, profiles", "ten profiles of llmx's own"),
    Row("S2-05", "Every setting can be given by its environment variable"),
]
