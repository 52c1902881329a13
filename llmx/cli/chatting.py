"""The loop of ``llmx chat``: read a message, say the answer; what begins with a slash is a command."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from llmx.cli.chat_input import messages, reader
from llmx.cli.notes import note
from llmx.cli.prompts import images_of
from llmx.cli.refusal import show
from llmx.cli.speaking import Voice, judged, tell
from llmx.conversations.chat import Conversation
from llmx.core.client import LLMClient
from llmx.core.events import Answering, Event, TextDelta
from llmx.core.messages import Image, user
from llmx.core.plugins import load
from llmx.core.response import Gathering, Response
from llmx.errors import LlmxError, UsageError, nearest

COMMANDS = {
    "/help": "list these commands",
    "/exit": "leave; Ctrl-D does so too",
    "/clear": "forget what was said",
    "/model REF": "go on with another model",
    "/system TEXT": "what the model is to be from now on; nothing behind it: no longer anything",
    "/image FILE": "show a picture with the next message",
    "/usage": "how many tokens this conversation has used",
}


class Chat:
    """A conversation at a terminal, or with lines from a pipe, where the first error ends it."""

    def __init__(self, conversation: Conversation, make: Callable[[str], LLMClient], *, sets_markdown: bool) -> None:
        self._conversation = conversation
        self._make = make
        self._sets_markdown = sets_markdown and sys.stdout.isatty()
        self._is_alone = not sys.stdin.isatty()
        self._images: list[Image] = []
        self._told: tuple[str, ...] | None = None
        self._is_over = False

    def run(self) -> None:
        """Go on until the input ends or ``/exit``; raises the first error where nobody sits at a terminal."""
        if not self._is_alone:
            note('/help lists the commands; a line that ends in \\ goes on, """ begins and ends a block')
        with asyncio.Runner() as runner:
            runner.run(self._conversation.client.__aenter__())  # connections and models are kept between messages
            try:
                self._go_on(runner)
            finally:
                runner.run(self._conversation.client.aclose())

    def _go_on(self, runner: asyncio.Runner) -> None:
        typed = messages(reader())
        while not self._is_over:
            try:
                line = next(typed, None)
                if line is None:
                    return
                self._take(line, runner)
            except KeyboardInterrupt:
                if self._is_alone:
                    raise
                print("", file=sys.stderr)
                note("stopped; /exit or Ctrl-D leaves")
                typed = messages(reader())  # what was typed so far is gone with the old one
            except LlmxError as error:
                if self._is_alone:
                    raise
                show(error, ())

    def _take(self, line: str, runner: asyncio.Runner) -> None:
        if line.startswith("/") and "\n" not in line:
            word, *rest = line.split(maxsplit=1)
            if word == "/model" and rest:
                runner.run(self._change(rest[0]))
            else:
                self._command(word, *rest)
        elif line.strip():
            runner.run(self._answer(line))

    async def _change(self, model: str) -> None:
        """Go on with another model."""
        client = self._make(model)
        await self._conversation.client.aclose()
        self._conversation.client = await client.__aenter__()

    async def _answer(self, text: str) -> Response:
        """Ask and say; the pictures go along once."""
        events = self._conversation.say(user(text, self._images))
        response = await self._said(events)
        self._images = []
        return judged(response)

    async def _said(self, events: AsyncGenerator[Event]) -> Response:
        gathering = Gathering()
        voice = load("llmx.cli.markdown:Setter")() if self._sets_markdown else Voice()
        try:
            async with aclosing(events):
                async for event in events:
                    gathering.add(event)
                    if isinstance(event, TextDelta):
                        voice.say(event.text)
                    elif isinstance(event, Answering):
                        self._tell(event)
        finally:
            voice.end()
        return gathering.response()

    def _tell(self, who: Answering) -> None:
        """Who answers, said again only when it has changed."""
        about = (who.backend, who.model, str(who.mock), *who.notices)
        if about != self._told:
            self._told = about
            tell(who)

    def _command(self, word: str, rest: str = "") -> None:
        match word:
            case "/exit" | "/quit":
                self._is_over = True
            case "/help":
                print("\n".join(f"{name:<14} {what}" for name, what in COMMANDS.items()), file=sys.stderr)
            case "/clear":
                self._clear()
            case "/system":
                self._conversation.system_prompt = rest
            case "/image" if rest:
                self._images += images_of([rest])
            case "/usage":
                asked, answered = self._conversation.used[:2]
                note(f"{asked} tokens asked, {answered} answered")
            case _:
                raise _unknown(word)

    def _clear(self) -> None:
        if self._conversation.session:
            hint = "llmx session delete removes it"
            raise UsageError(f"the session {self._conversation.session} keeps what was said", hint=hint)
        self._conversation.clear()


def _unknown(word: str) -> UsageError:
    known = [name.split()[0] for name in COMMANDS]
    if word in known:
        usage = next(name for name in COMMANDS if name.split()[0] == word)
        return UsageError(f"{word} needs something behind it", hint=usage)
    near = nearest(word, known)
    return UsageError(f"there is no command {word}", hint=f"did you mean {near}?" if near else "/help lists them")
