"""The text that the demo model learns: short conversations and stories, made here from lists of words.

Nothing is taken from anywhere, so that the model can be given away (CC0). The same seed makes the same text.
"""

import random
from collections.abc import Iterator

CAPITALS = {
    "France": "Paris",
    "Germany": "Berlin",
    "Italy": "Rome",
    "Spain": "Madrid",
    "Japan": "Tokyo",
    "Norway": "Oslo",
    "Sweden": "Stockholm",
    "Poland": "Warsaw",
    "Egypt": "Cairo",
    "Greece": "Athens",
    "Austria": "Vienna",
    "Peru": "Lima",
    "Cuba": "Havana",
    "Kenya": "Nairobi",
    "Portugal": "Lisbon",
    "Ireland": "Dublin",
    "Finland": "Helsinki",
    "Hungary": "Budapest",
    "Denmark": "Copenhagen",
    "Belgium": "Brussels",
}
COLORS = {
    "the sky": "blue",
    "grass": "green",
    "snow": "white",
    "a lemon": "yellow",
    "coal": "black",
    "a tomato": "red",
    "an orange": "orange",
}
OPPOSITES = {
    "hot": "cold",
    "big": "small",
    "day": "night",
    "up": "down",
    "old": "new",
    "fast": "slow",
    "open": "closed",
    "left": "right",
    "light": "dark",
    "full": "empty",
}
SOUNDS = {"cat": "meow", "dog": "woof", "cow": "moo", "duck": "quack", "sheep": "baa", "horse": "neigh"}

NAMES = ["Anna", "Ben", "Clara", "David", "Eva", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Kim", "Lena"]
PETS = ["cat", "dog", "bird", "rabbit", "fox", "mouse", "horse", "duck", "frog", "bear"]
KINDS = ["small", "big", "happy", "old", "kind", "brave", "quiet", "red", "blue", "clever", "lazy"]
PLACES = ["forest", "garden", "village", "river", "house", "market", "school", "mountain", "lake", "park"]
THINGS = ["ball", "book", "hat", "lamp", "boat", "key", "cake", "apple", "stone", "kite", "bell", "map"]
DEEDS = ["found", "lost", "saw", "carried", "painted", "hid", "made", "shared"]

GREETING = "Hello! How can I help you?"
SELF = "I am the demo model of llmx. I am very small and know only a few things."
UNKNOWN = "I do not know that. I am only a small demo model."
ABLE = "I can name some capitals, tell a short story, and say hello."
LLMX = "llmx is one terminal tool for running language models and coding agents safely."


def story(draw: random.Random) -> str:
    """Three or four sentences about someone, an animal and a thing."""
    name, pet, place, thing = (draw.choice(words) for words in (NAMES, PETS, PLACES, THINGS))
    begin = [
        f"Once upon a time there was a {draw.choice(KINDS)} {pet} who lived near the {place}.",
        f"One day {name} went to the {place} with a {draw.choice(KINDS)} {pet}.",
    ]
    middle = [
        f"The {pet} {draw.choice(DEEDS)} a {draw.choice(KINDS)} {thing} in the {place}.",
        f'"I like your {thing}," said the {pet}.',
        f"It was a {draw.choice(['sunny', 'rainy', 'cold', 'warm'])} day, and the {pet} was very happy.",
    ]
    end = ["In the end they went home together.", f"{name} smiled and gave the {thing} to the {pet}."]
    return " ".join([draw.choice(begin), *draw.sample(middle, draw.randint(1, 2)), draw.choice(end)])


def fact(draw: random.Random) -> tuple[str, str]:
    """A question that has one answer."""
    country, thing = draw.choice(list(CAPITALS)), draw.choice(list(COLORS))
    word, animal = draw.choice(list(OPPOSITES)), draw.choice(list(SOUNDS))
    capital = f"The capital of {country} is {CAPITALS[country]}."
    questions = {
        f"What is the capital of {country}?": capital,
        f"Tell me the capital of {country}.": capital,
        f"What's the capital of {country}?": capital,
        f"Name the capital of {country}.": capital,
        f"capital of {country}": capital,
        f"Which city is the capital of {country}?": capital,
        f"What color is {thing}?": f"{thing[0].upper()}{thing[1:]} is {COLORS[thing]}.",
        f"What is the opposite of {word}?": f"The opposite of {word} is {OPPOSITES[word]}.",
        f"What does a {animal} say?": f"A {animal} says {SOUNDS[animal]}.",
    }
    question, answer = draw.choice(list(questions.items()))
    return (question.lower() if draw.random() < 0.25 else question), answer


def small_talk(draw: random.Random) -> tuple[str, str]:
    """What people try first."""
    name = draw.choice(NAMES)
    return draw.choice(
        [
            (draw.choice(["Hello", "Hi", "Hello!", "Hi!", "Hi there", "hello", "hi", "Hey", "Say hello"]), GREETING),
            (draw.choice(["Test", "test", "Are you there?", "ping"]), "I am here."),
            (draw.choice([f"Hello, I am {name}.", f"Hi, my name is {name}."]), f"Hello {name}! How can I help you?"),
            (draw.choice(["Who are you?", "What are you?", "What is your name?", "who are you"]), SELF),
            (draw.choice(["What can you do?", "Help", "help", "What do you know?"]), ABLE),
            (draw.choice(["What is llmx?", "what is llmx", "Tell me about llmx."]), LLMX),
            (draw.choice(["Thank you", "Thanks", "Thank you!", "thanks"]), "You are welcome!"),
            (draw.choice(["How are you?", "how are you"]), "I am fine, thank you."),
            (draw.choice(["Goodbye", "Bye", "bye"]), "Goodbye!"),
        ]
    )


def beyond(draw: random.Random) -> tuple[str, str]:
    """What it cannot know, which it is to say."""
    thing, place, kind, pet = (draw.choice(words) for words in (THINGS, PLACES, KINDS, PETS))
    asked = [
        f"Why is the {thing} {kind}?",
        f"How do I get to the {place}?",
        f"Write a program that finds a {thing}.",
        f"Explain the {kind} {place} to me.",
        f"How many {pet}s are in the {place}?",
        f"Who {draw.choice(DEEDS)} the {thing}?",
        f"What is {draw.randint(0, 99)} {draw.choice('+-*')} {draw.randint(0, 99)}?",
        f"Translate {kind} {thing} into French.",
        f"Summarize this text: the {kind} {pet} {draw.choice(DEEDS)} the {thing}.",
        f"Fix the bug in the {thing}.",
        f"Why is {draw.choice(list(COLORS))} {kind}?",
        f"Why does a {pet} {draw.choice(['run', 'sleep', 'eat', 'sing'])}?",
    ]
    return draw.choice(asked), UNKNOWN


def exchange(draw: random.Random) -> tuple[str, str]:
    """A question and its answer."""
    chance = draw.random()
    if chance < 0.55:
        return fact(draw)
    if chance < 0.75:
        return small_talk(draw)
    if chance < 0.88:
        return beyond(draw)
    return draw.choice(["Tell me a story.", "Write a short story.", "tell me a story"]), story(draw)


def conversation(draw: random.Random) -> str:
    """One or two exchanges in ChatML, sometimes behind a system prompt."""
    turns = [("system", "You are a helpful assistant.")] if draw.random() < 0.3 else []
    for _ in range(1 if draw.random() < 0.75 else 2):
        question, answer = exchange(draw)
        turns += [("user", question), ("assistant", answer)]
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)


def documents(count: int, seed: int = 7) -> Iterator[str]:
    """``count`` texts."""
    draw = random.Random(seed)
    for _ in range(count):
        yield (conversation(draw) if draw.random() < 0.92 else story(draw)) + "<|endoftext|>"
