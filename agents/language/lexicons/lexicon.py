from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lexicon:
    """The words of one language: plain data, for a native speaker to correct.

    All lower case. Entries may be phrases. Apostrophes are written straight. Accents
    may be left out by who writes to us, so both spellings are understood.
    """

    language: str
    # Words that give the language away; none that another of the four also uses.
    markers: tuple[str, ...]
    greet: tuple[str, ...]
    thanks: tuple[str, ...]
    bye: tuple[str, ...]
    help: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    # The whole message, or a phrase anywhere in it.
    person: tuple[str, ...]
    person_phrases: tuple[str, ...]
    # What may stand before a command: "please", "i want to".
    lead_ins: tuple[str, ...]
    # A request in the form of a question: "can you". It gets a confirm button.
    polite: tuple[str, ...]
    # Such requests in one word, with what they ask for: "mwakora" is "would you make".
    polite_commands: tuple[tuple[str, str], ...]
    # "i need": before a voucher it asks for a new one.
    wants: tuple[str, ...]
    articles: tuple[str, ...]
    # What may stand before an answer to our question: "it is", "the code is".
    answers: tuple[str, ...]
    # Small words beside an amount and a number that ask for nothing themselves.
    fillers: tuple[str, ...]
    # Commands, in the forms that ask for it now.
    create: tuple[str, ...]
    redeem: tuple[str, ...]
    void: tuple[str, ...]
    # Commands only beside a voucher, a code or a reference: "give", "use", "cancel".
    create_weak: tuple[str, ...]
    redeem_weak: tuple[str, ...]
    void_weak: tuple[str, ...]
    lookup: tuple[str, ...]
    # Anywhere beside a number or a code: "who is". And about the person herself.
    who: tuple[str, ...]
    myself: tuple[str, ...]
    list: tuple[str, ...]
    voucher: tuple[str, ...]
    # What stands before a station's name, and before a reason.
    at: tuple[str, ...]
    because: tuple[str, ...]
    # Words that make a command no command.
    questions: tuple[str, ...]
    negations: tuple[str, ...]
    past: tuple[str, ...]
    # Said by somebody else, on a condition, at another time.
    hearsay: tuple[str, ...]
    # Two things to choose from, or about as much: "or", "around". It is asked back.
    unsure: tuple[str, ...]
    # Beginnings of words that negate or put into the past.
    doubtful_beginnings: tuple[str, ...] = ()
    # "ten": 10 and "thousand": 1000; words to join them by, "twenty and five".
    numbers: tuple[tuple[str, int], ...] = ()
    multipliers: tuple[tuple[str, int], ...] = ()
    number_joins: tuple[str, ...] = ()
    # "ten thousand" counts first, "elfu kumi" last. Where it counts last, these tens
    # belong to the unit after them: "cumi na bitanu"; others are asked back.
    counts_first: bool = True
    joined_tens: tuple[str, ...] = ()
    # Number words that we know of but do not read.
    unread_numbers: tuple[str, ...] = ()
