"""What a result looks like to others: each form is a function of a result, found here by its name."""

from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    "json": "llmx.templates.reports.plain:as_json",
    "markdown": "llmx.templates.reports.plain:as_markdown",
    "sarif": "llmx.templates.reports.sarif:as_sarif",
    "junit": "llmx.templates.reports.junit:as_junit",
    "summary": "llmx.templates.reports.plain:as_summary",
    "github": "llmx.templates.reports.ci:as_github",
    "gitlab": "llmx.templates.reports.ci:as_gitlab",
}
"""Name -> import string of the function; what it takes is a ``Result``, what it gives is text."""

LONGEST_SUMMARY = 1_000_000
"""Bytes that a step summary of GitHub's may have, less a little: https://docs.github.com/actions, job summaries."""
