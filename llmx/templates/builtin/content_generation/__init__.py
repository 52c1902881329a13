"""Write a text by a plan, and edit it until it is good enough or the rounds run out."""
