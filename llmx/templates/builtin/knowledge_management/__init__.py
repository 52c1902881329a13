"""Collections of documents that are asked questions: what is answered stands in lines that were checked."""
