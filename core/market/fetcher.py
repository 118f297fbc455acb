"""Asks a source in a thread of its own, one question at a time: nobody waits for one that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from queue import SimpleQueue
from typing import Protocol

from msgspec import Struct

from core.market.yahoo import FeedError, Reply

Period = tuple[datetime, datetime]


class Client(Protocol):
    """A source that can be asked (core.market.yahoo.YahooClient)."""

    def fetch(self, symbols: Sequence[str], now: datetime) -> Reply:
        """The quotes of `symbols`; FeedError if there is no answer."""

    def periods(self, symbols: Sequence[str], now: datetime) -> dict[str, Period]:
        """The regular session of each symbol's venue; FeedError if there is no answer."""


class Question(Struct, frozen=True):
    """`symbols` to be quoted at `asked`; with `sessions` it is their venues' sessions that are asked for."""

    symbols: tuple[str, ...]
    asked: datetime
    sessions: bool = False


class Answer(Struct, frozen=True):
    """What came of a question: a reply, sessions, or an error."""

    question: Question
    reply: Reply | None = None
    sessions: dict[str, Period] = {}
    error: FeedError | None = None


class Fetcher:
    """One worker thread around a client. Only one question is under way at a time."""

    def __init__(self, client: Client, answered: Callable[[], None]) -> None:
        self._client = client
        self._answered = answered
        self._questions: SimpleQueue[Question | None] = SimpleQueue()
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self.under_way: Question | None = None

    def ask(self, question: Question) -> None:
        """Begin to ask; nothing may be under way."""
        assert self.under_way is None
        self.under_way = question
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="yahoo", daemon=True)
            self._thread.start()
        self._questions.put(question)

    def answer(self) -> Answer | None:
        """What the question under way came to; None as long as there is no answer."""
        if self._answers.empty():
            return None
        self.under_way = None
        return self._answers.get()

    def stop(self) -> None:
        """Ask nothing more; a question without an answer is left to itself."""
        self._questions.put(None)

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            self._answers.put(self._ask(question))
            self._answered()

    def _ask(self, question: Question) -> Answer:
        try:
            if question.sessions:
                return Answer(question, sessions=self._client.periods(question.symbols, question.asked))
            return Answer(question, reply=self._client.fetch(question.symbols, question.asked))
        except FeedError as error:
            return Answer(question, error=error)
        except Exception as error:  # the thread must live on; told on the screen like any other failure
            return Answer(question, error=FeedError("answer", f"internal error: {type(error).__name__}: {error}"))
