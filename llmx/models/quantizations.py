"""The quantizations of GGUF files by name: how they are read from file names, and which is nearest to which."""

import re

DEFAULT = "Q4_K_M"

BITS = {
    "IQ1_S": 1.6,
    "TQ1_0": 1.7,
    "IQ1_M": 1.8,
    "IQ2_XXS": 2.1,
    "TQ2_0": 2.1,
    "IQ2_XS": 2.3,
    "IQ2_S": 2.5,
    "IQ2_M": 2.7,
    "Q2_K_S": 2.8,
    "Q2_K": 3.0,
    "Q2_K_L": 3.1,
    "Q2_K_XL": 3.2,
    "IQ3_XXS": 3.1,
    "IQ3_XS": 3.3,
    "Q3_K_S": 3.5,
    "IQ3_S": 3.5,
    "IQ3_M": 3.7,
    "Q3_K": 3.9,
    "Q3_K_M": 3.9,
    "Q3_K_L": 4.2,
    "Q3_K_XL": 4.3,
    "IQ4_XS": 4.3,
    "MXFP4": 4.3,
    "MXFP4_MOE": 4.4,
    "IQ4_NL": 4.5,
    "Q4_0": 4.6,
    "Q4_K_S": 4.7,
    "Q4_1": 5.0,
    "Q4_K": 4.9,
    "Q4_K_M": 4.9,
    "Q4_K_L": 5.0,
    "Q4_K_XL": 5.0,
    "Q5_K_S": 5.5,
    "Q5_0": 5.5,
    "Q5_K": 5.7,
    "Q5_K_M": 5.7,
    "Q5_K_L": 5.8,
    "Q5_K_XL": 5.8,
    "Q5_1": 6.0,
    "Q6_K": 6.6,
    "Q6_K_L": 6.7,
    "Q6_K_XL": 6.8,
    "Q8_0": 8.5,
    "Q8_K_XL": 9.0,
    "F16": 16.0,
    "BF16": 16.0,
    "F32": 32.0,
}
"""Name -> bits that a weight takes, about; llama.cpp's tables, and the larger mixtures that some repositories add."""

_NAMES = sorted(BITS, key=len, reverse=True)
_IN_NAMES = re.compile(rf"(?<![A-Z0-9])(?:UD-|I1-)?({'|'.join(_NAMES)}|FP16|FP32)(?![A-Z0-9_])")


def quantization_in(name: str) -> str:
    """The quantization that a file's name or its folder says, the last one; empty where it says none."""
    found: list[str] = _IN_NAMES.findall(name.upper())
    return {"FP16": "F16", "FP32": "F32"}.get(found[-1], found[-1]) if found else ""


def nearest(wanted: str, known: list[str]) -> str:
    """The one of ``known`` that is nearest in size, the smaller one of two."""
    aim = BITS[wanted]
    return min(known, key=lambda name: (abs(BITS[name] - aim), BITS[name], name))
