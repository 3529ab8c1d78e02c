"""The words of a plain request, for a native speaker to correct.

A request that consists of these words only is executed without a confirm button. A word
that is missing here costs a button; a word too many can cost money. A word that has a
second meaning ("send", "accept", "open") does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlainCommands:
    """Phrases of one language, lower case; only verbs are compared with their accents."""

    # Before the verb: greetings, "please", "i want to".
    openers: tuple[str, ...]
    # Imperatives and infinitives; no form that also tells what happened.
    create: tuple[str, ...]
    # They ask for a voucher only beside a word for one: "make", "give".
    create_beside_voucher: tuple[str, ...]
    redeem: tuple[str, ...]
    voucher: tuple[str, ...]
    # One voucher, one amount, one customer: prepositions, articles and labels.
    beside: tuple[str, ...]
    labels: tuple[str, ...]
    # "of": before a number it tells whose voucher, not for whom.
    of: tuple[str, ...]
    # Only in a request to redeem, where "the voucher" is the one of the code.
    code: tuple[str, ...]
    at: tuple[str, ...]
    here: tuple[str, ...]
    courtesies: tuple[str, ...]


# fmt: off
_ENGLISH = PlainCommands(
    openers=(
        "hello", "hi", "hey", "good morning", "good afternoon", "good evening", "please",
        "pls", "plz", "kindly", "i want to", "i would like to", "i'd like to",
        "i want you to", "i would like you to", "i'd like you to",
    ),
    create=("create", "issue", "generate"),
    create_beside_voucher=("make", "give"),
    redeem=("redeem", "encash", "cash in", "use"),
    voucher=("voucher", "fuel voucher", "coupon", "vouchr", "voucer", "vocher", "vaucher"),
    beside=(
        "a", "an", "one", "new", "for", "to", "worth", "with", "rwf", "frw",
        "francs", "rwandan francs", "with amount", "in the amount",
    ),
    labels=(
        "amount", "number", "phone", "phone number", "customer", "client", "value",
        "msisdn", "tel", "telephone", "mobile", "the number", "the customer", "the amount",
    ),
    of=("of",),
    code=("code", "this", "the", "the code", "with code", "number"),
    at=("at", "at the", "in", "station", "at station", "at the station"),
    here=("here", "at my station", "at our station"),
    courtesies=("please", "pls", "plz", "thanks", "thank you", "now"),
)
_FRENCH = PlainCommands(
    openers=(
        "bonjour", "bonsoir", "salut", "bjr", "s'il vous plaît", "s'il te plaît", "svp",
        "stp", "veuillez", "merci de", "je veux", "je voudrais", "je souhaite",
        "j'aimerais",
    ),
    create=(
        "créer", "crée", "créez", "creer", "cree", "creez", "générer", "générez", "génère",
        "generer", "generez", "émettre", "émets", "émettez", "emettre", "emets", "emettez",
        "établir", "établis", "établissez", "etablir", "etablissez",
    ),
    create_beside_voucher=("faire", "fais", "faites", "donner", "donne", "donnez"),
    redeem=("encaisser", "encaisse", "encaissez", "utiliser", "utilise", "utilisez"),
    voucher=(
        "bon", "bon d'achat", "bon de carburant", "bon d'essence", "coupon", "voucher",
    ),
    beside=(
        "un", "nouveau", "pour", "pr", "à", "au", "d'une valeur", "d'un montant",
        "pour le", "frw", "rwf", "francs", "francs rwandais",
    ),
    labels=(
        "montant", "numéro", "client", "cliente", "valeur", "téléphone", "tél",
        "numéro de téléphone", "le numéro", "le client", "la cliente",
    ),
    of=("de", "d'", "du"),
    code=("code", "ce", "le", "le code", "avec le code", "numéro"),
    at=("à", "à la station", "à la station de", "station", "dans la station", "chez"),
    here=("ici", "à ma station", "à notre station"),
    courtesies=(
        "s'il vous plaît", "s'il te plaît", "svp", "stp", "merci", "maintenant",
    ),
)
_KINYARWANDA = PlainCommands(
    openers=(
        "muraho", "mwaramutse", "mwiriwe", "nyamuneka", "ndagusaba", "ndabasaba",
        "ndashaka", "nshaka", "ndifuza",
    ),
    create=("creatinga", "gucreatinga", "kucreatinga", "ku creatinga", "gu creatinga"),
    create_beside_voucher=(
        "kora", "gukora", "mukore", "ukore", "korera", "gukorera", "mukorere", "umukorere",
        "mumukorere", "tanga", "gutanga", "mutange", "utange", "guha", "muhe", "umuhe",
    ),
    redeem=(
        "koresha", "gukoresha", "mukoreshe", "ukoreshe", "akira", "kwakira", "mwakire",
        "redeeminga", "kuredeeminga", "ku redeeminga",
    ),
    voucher=("voucher", "vusha", "vuca", "vocha"),
    beside=(
        "imwe", "nshya", "kuri", "igenewe", "frw", "rwf", "y'amafaranga", "ku", "uyu",
    ),
    labels=("amafaranga", "nimero", "umukiriya", "telefone", "nimero ya telefone"),
    of=("ya", "y'", "wa", "w'"),
    code=("kode", "iyi", "iyi kode", "ifite kode", "nimero"),
    at=("kuri", "kuri sitasiyo", "kuri sitasiyo ya", "sitasiyo", "sitasiyo ya", "kuri station"),
    here=("hano", "kuri sitasiyo yanjye", "kuri sitasiyo yacu"),
    courtesies=("nyamuneka", "murakoze", "urakoze", "ubu", "nonaha"),
)
_SWAHILI = PlainCommands(
    openers=(
        "habari", "jambo", "hujambo", "tafadhali", "naomba", "nataka", "ningependa",
    ),
    create=(),
    create_beside_voucher=(
        "tengeneza", "kutengeneza", "utengeneze", "mtengeneze", "tengenezea",
        "mtengenezee", "umtengenezee", "kumtengenezea", "nitengenezee", "unitengenezee",
        "unda", "kuunda", "uunde", "toa", "kutoa", "utoe", "mpe", "umpe", "kumpa",
    ),
    redeem=("komboa", "kukomboa", "ukomboe", "tumia", "kutumia", "utumie"),
    voucher=("vocha", "vocha ya mafuta", "kuponi", "voucher"),
    beside=(
        "moja", "mpya", "kwa", "yenye thamani", "frw", "rwf", "faranga", "kwa ajili",
    ),
    labels=(
        "kiasi", "kiasi cha", "namba", "nambari", "simu", "mteja", "thamani",
        "namba ya simu", "nambari ya simu",
    ),
    of=("ya", "wa", "cha"),
    code=("msimbo", "kodi", "hii", "msimbo huu", "yenye msimbo", "namba"),
    at=(
        "katika", "kwenye", "kituo", "kituo cha", "katika kituo cha", "kwenye kituo cha",
        "kituoni",
    ),
    here=("hapa", "kituoni kwangu", "kituoni kwetu"),
    courtesies=("tafadhali", "asante", "asante sana", "sasa"),
)
PLAIN_COMMANDS: dict[str, PlainCommands] = {
    "en": _ENGLISH, "fr": _FRENCH, "rw": _KINYARWANDA, "sw": _SWAHILI,
}
