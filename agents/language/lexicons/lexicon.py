from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lexicon:
    """The words and phrases of one language, for a native speaker to correct.

    All lower case, with straight apostrophes. Texts with and without accents match.
    """

    language: str
    # Words that identify the language; none of another of the four languages.
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
    # Words before a command: "please", "i want to".
    lead_ins: tuple[str, ...]
    # A request in the form of a question: "can you". It needs the confirm button.
    polite: tuple[str, ...]
    # Such requests in one word, with their intent: "mwakora" is "would you make".
    polite_commands: tuple[tuple[str, str], ...]
    # "i need": before "voucher" it asks for a new one.
    wants: tuple[str, ...]
    articles: tuple[str, ...]
    # Words before an answer: "it is", "the code is".
    answers: tuple[str, ...]
    # Words beside an amount and a number that have no meaning themselves.
    fillers: tuple[str, ...]
    # Commands, in the forms of a request.
    create: tuple[str, ...]
    redeem: tuple[str, ...]
    void: tuple[str, ...]
    # Commands only beside a voucher, a code or a reference: "give", "use", "cancel".
    create_weak: tuple[str, ...]
    redeem_weak: tuple[str, ...]
    void_weak: tuple[str, ...]
    lookup: tuple[str, ...]
    # Anywhere beside a number or a code: "who is". And about the person: "who am i".
    who: tuple[str, ...]
    myself: tuple[str, ...]
    list: tuple[str, ...]
    voucher: tuple[str, ...]
    # Words before the name of a station, and before a reason.
    at: tuple[str, ...]
    because: tuple[str, ...]
    # Words that make a command doubtful.
    questions: tuple[str, ...]
    negations: tuple[str, ...]
    past: tuple[str, ...]
    # Indirect speech, conditions, other times.
    hearsay: tuple[str, ...]
    # A choice or an approximate amount: "or", "around". The value is asked for.
    unsure: tuple[str, ...]
    # They begin a question, or end it where `counts_first` is not set; and words before
    # the next request: "then".
    interrogatives: tuple[str, ...] = ()
    next_words: tuple[str, ...] = ()
    # Prefixes of negations and past tenses.
    doubtful_beginnings: tuple[str, ...] = ()
    # A report that a voucher was voided: "cancelled"; behind the words that make a wish of
    # it, "has to be cancelled".
    voided: tuple[str, ...] = ()
    to_be: tuple[str, ...] = ()
    # Parts of words about our messages, and about writing to a person.
    messages: tuple[str, ...] = ()
    # "ten": 10 and "thousand": 1000; words to join them by, "twenty and five".
    numbers: tuple[tuple[str, int], ...] = ()
    multipliers: tuple[tuple[str, int], ...] = ()
    number_joins: tuple[str, ...] = ()
    # "ten thousand" has the count first, "elfu kumi" last. With the count last, these
    # tens join the unit after them: "cumi na bitanu"; others are unclear.
    counts_first: bool = True
    joined_tens: tuple[str, ...] = ()
    # Number words that are recognised but not read.
    unread_numbers: tuple[str, ...] = ()
