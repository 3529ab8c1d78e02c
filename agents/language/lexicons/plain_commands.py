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
    # They ask for a voucher only beside a word for one.
    make: tuple[str, ...]
    # Likewise; the customer may be their object: "give customer ... a voucher".
    give: tuple[str, ...]
    redeem: tuple[str, ...]
    voucher: tuple[str, ...]
    # "One", "new": they belong to the voucher or its amount.
    articles: tuple[str, ...]
    # Before the customer; "for" also before the amount, "to" never.
    for_: tuple[str, ...]
    to: tuple[str, ...]
    beside: tuple[str, ...]
    # Labels of the amount, and of the customer or number.
    amounts: tuple[str, ...]
    customers: tuple[str, ...]
    # "of": before a number it names the owner of a voucher, not the receiver.
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
    make=("make",),
    give=("give",),
    redeem=("redeem", "encash", "cash in", "use"),
    voucher=("voucher", "fuel voucher", "coupon", "vouchr", "voucer", "vocher", "vaucher"),
    articles=("a", "an", "one", "new"),
    for_=("for", "with"),
    to=("to",),
    beside=("worth", "rwf", "frw", "francs", "rwandan francs"),
    amounts=("amount", "value", "the amount", "with amount", "in the amount"),
    customers=(
        "number", "phone", "phone number", "customer", "client", "msisdn", "tel",
        "telephone", "mobile", "the number", "the customer",
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
    make=("faire", "fais", "faites"),
    give=("donner", "donne", "donnez"),
    redeem=("encaisser", "encaisse", "encaissez", "utiliser", "utilise", "utilisez"),
    voucher=(
        "bon", "bon d'achat", "bon de carburant", "bon d'essence", "coupon", "voucher",
    ),
    articles=("un", "nouveau"),
    for_=("pour", "pr", "pour le"),
    to=("à", "au"),
    beside=("d'une valeur", "d'un montant", "frw", "rwf", "francs", "francs rwandais"),
    amounts=("montant", "valeur"),
    customers=(
        "numéro", "client", "cliente", "téléphone", "tél", "numéro de téléphone",
        "le numéro", "le client", "la cliente",
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
    make=(
        "kora", "gukora", "mukore", "ukore", "tanga", "gutanga", "mutange", "utange",
    ),
    give=(
        "korera", "gukorera", "mukorere", "umukorere", "mumukorere", "guha", "muhe", "umuhe",
    ),
    redeem=(
        "koresha", "gukoresha", "mukoreshe", "ukoreshe", "akira", "kwakira", "mwakire",
        "redeeminga", "kuredeeminga", "ku redeeminga",
    ),
    voucher=("voucher", "vusha", "vuca", "vocha"),
    articles=("imwe", "nshya"),
    for_=("igenewe",),
    to=("kuri", "ku"),
    beside=("frw", "rwf", "y'amafaranga", "uyu"),
    amounts=("amafaranga",),
    customers=("nimero", "umukiriya", "telefone", "nimero ya telefone"),
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
    make=(
        "tengeneza", "kutengeneza", "utengeneze", "mtengeneze", "nitengenezee",
        "unitengenezee", "unda", "kuunda", "uunde", "toa", "kutoa", "utoe",
    ),
    give=(
        "tengenezea", "mtengenezee", "umtengenezee", "kumtengenezea", "mpe", "umpe", "kumpa",
    ),
    redeem=("komboa", "kukomboa", "ukomboe", "tumia", "kutumia", "utumie"),
    voucher=("vocha", "vocha ya mafuta", "kuponi", "voucher"),
    articles=("moja", "mpya"),
    for_=("kwa", "kwa ajili"),
    to=(),
    beside=("yenye thamani", "frw", "rwf", "faranga"),
    amounts=("kiasi", "kiasi cha", "thamani"),
    customers=(
        "namba", "nambari", "simu", "mteja", "namba ya simu", "nambari ya simu",
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
