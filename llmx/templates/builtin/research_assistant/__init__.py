"""Research a topic in given sources: what is said of it stands in them, and every quote is looked up."""
