"""Knowledge: collections of documents that are found by their words, down to the lines that hold them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

Change = Literal["added", "changed", "unchanged"]

CHUNK_SIZE, CHUNK_OVERLAP = 200, 50
"""Words in a chunk, and how many of them the next one repeats, where nothing is said."""


class Lines(NamedTuple):
    """Lines of a document, counted from 1; ``last`` is one of them."""

    first: int
    last: int


class Chunk(NamedTuple):
    """A part of a text: its characters from ``start`` to before ``end``, its lines, and the heading it stands under."""

    start: int
    end: int
    lines: Lines
    heading: str = ""


class Place(NamedTuple):
    """From which line on a document has a name for where one is: ``page 3``, ``sheet Costs``."""

    line: int
    name: str


class Entry(NamedTuple):
    """A document as it is handed in; its ``id`` is what replaces and deletes it, ``source`` where it came from.

    ``places`` are for documents whose lines are not those of a file, in their order. By its ``stamp`` whoever hands it
    in knows later, without reading it again, that its source is the same; the store only keeps it.
    """

    id: str
    text: str
    title: str = ""
    source: str = ""
    kind: str = "text"
    places: tuple[Place, ...] = ()
    stamp: str = ""


class Document(NamedTuple):
    """A document that a collection holds; times are seconds since the epoch."""

    id: str
    title: str
    source: str
    kind: str
    digest: str
    lines: int
    chunks: int
    stamp: str
    added_at: float
    updated_at: float


class Collection(NamedTuple):
    """A named set of documents."""

    name: str
    documents: int
    chunks: int
    created_at: float


class Query(NamedTuple):
    """What is looked for; a ``vector`` is for stores that take them."""

    text: str
    vector: Sequence[float] = ()


class Passage(NamedTuple):
    """A chunk that was found: its ``lines`` and ``text``, and of those the few ``cited`` lines that hold the words.

    ``score`` is comparable within one search only; more is better. ``places`` are those of the document.
    """

    document: str
    title: str
    source: str
    lines: Lines
    text: str
    cited: Lines
    quote: str
    score: float
    places: tuple[Place, ...] = ()


def place_at(places: Sequence[Place], line: int) -> str:
    """The name of where that line is; empty where there is none."""
    above = [each.name for each in places if each.line <= line]
    return above[-1] if above else ""


class Store(Protocol):
    """Where collections are kept. One that does not take vectors finds by words alone."""

    takes_vectors: bool

    def collections(self) -> list[Collection]:
        """All of them, by name."""

    def documents(self, collection: str) -> list[Document]:
        """What a collection holds, by id; raises ``NotFoundError`` for one that is not there."""

    def text(self, collection: str, id_: str) -> str:
        """The whole text of a document; raises ``NotFoundError``."""

    def put(
        self, collection: str, entry: Entry, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]] = ()
    ) -> Change:
        """Add a document, in place of the one with its id; the collection is made where there is none.

        ``vectors`` are those of the chunks, in their order, for a store that takes them.
        """

    def search(self, collection: str, query: Query, limit: int) -> list[Passage]:
        """The best passages, best first; raises ``NotFoundError`` for a collection that is not there."""

    def delete(self, collection: str, id_: str) -> None:
        """Remove a document; raises ``NotFoundError``."""

    def drop(self, collection: str) -> None:
        """Remove a collection with all that is in it; raises ``NotFoundError``."""

    def close(self) -> None:
        """Let go of it."""
