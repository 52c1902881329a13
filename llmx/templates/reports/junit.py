"""JUnit's XML: a finding is a failure, what kept the run from being whole is an error."""

import xml.etree.ElementTree as ET

from llmx.templates.outcomes import Result


def as_junit(result: Result) -> str:
    """A test case for each file that was read or has findings, and one for the run."""
    findings = result.findings or []
    failed = {finding["file"] for finding in findings}
    files = list(dict.fromkeys([*(each["path"] for each in result.coverage if each["read"]), *sorted(failed)]))
    suite = ET.Element(
        "testsuite",
        name=result.template.id,
        tests=str(len(files) + 1),
        failures=str(len(failed)),
        errors=str(int(bool(result.problem))),
        time=f"{result.metrics.duration_ms / 1000:.3f}",
    )
    whole = ET.SubElement(suite, "testcase", classname=result.template.id, name="the run was whole")
    if result.problem:
        ET.SubElement(whole, "error", message=_plain(result.problem), type=result.outcome)
    for file in files:
        case = ET.SubElement(suite, "testcase", classname=result.template.id, name=_plain(file))
        told = [f for f in findings if f["file"] == file]
        if told:
            lines = [f"{f['file']}:{f['line']}: {f['severity']} ({f['rule']}): {f['message']}" for f in told]
            ET.SubElement(case, "failure", message=_plain(lines[0]), type=told[0]["severity"]).text = _plain(
                "\n".join(lines)
            )
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _plain(text: str) -> str:
    """``text`` without what XML 1.0 cannot hold."""
    return "".join(
        each if each in "\t\n" or (each >= " " and not "\ud800" <= each <= "\udfff") else " " for each in text
    )
