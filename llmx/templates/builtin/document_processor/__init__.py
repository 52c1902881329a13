"""Summarize, translate, reformat, classify documents, or list their key points, with nothing of them left out."""
