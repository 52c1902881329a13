"""Sort files into folders by rules, and by a model where rules do not decide; whatever is done can be undone."""
