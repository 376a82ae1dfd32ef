"""The instructor's card for a lesson: what no other file says; the rest is built."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of a lesson: its heading in the notebook, which says the minutes, and whether to cut it first."""

    heading: str
    cut_first: bool = False


@dataclass(frozen=True)
class Vote:
    """A question for the class: vote, discuss in pairs, vote again; `right` is one of the choices.

    expected: how the first vote may split and what to do then; an expectation, not a measurement.
    """

    question: str
    choices: tuple[str, ...]
    right: str
    because: str
    expected: str


@dataclass(frozen=True)
class Card:
    """What a teacher needs besides the lesson itself.

    hunt: misconception id -> how it sounds in class. stuck: what a stuck student says -> what to ask, not tell.
    asked: a likely question -> an answer in one line.
    """

    lesson: str
    purpose: str
    hunt: dict[str, str]
    vote: Vote
    parts: tuple[Part, ...]
    stuck: dict[str, str]
    asked: dict[str, str]
