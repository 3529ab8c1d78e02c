from __future__ import annotations

from agents.runtime.offline.lexicon import Lexicon

# fmt: off
SWAHILI = Lexicon(
    language="sw",
    markers=(
        "habari", "jambo", "hujambo", "mambo", "shikamoo", "asante", "ndiyo", "ndio",
        "hapana", "msaada", "mtu", "mhudumu", "tafadhali", "nataka", "naomba", "vocha",
        "zangu", "yangu", "kwa", "tengeneza", "tumia", "batilisha", "tafuta", "namba",
        "simu", "mafuta", "kituo", "kituoni", "sababu", "nini", "vipi", "nani", "sawa",
        "nina", "mteja", "kutengeneza", "kutumia", "kutafuta", "unaweza", "naweza", "cha",
        "katika", "nionyeshe", "nisaidie", "karibu",
    ),
    greet=(
        "habari", "jambo", "hujambo", "mambo", "shikamoo", "habari yako", "habari zako",
        "habari gani", "habari za asubuhi", "habari za jioni", "habari za mchana",
        "mambo vipi", "salama", "niaje", "hamjambo", "salamu", "vipi",
    ),
    thanks=("asante", "asante sana", "ahsante", "ahsante sana", "shukrani", "nashukuru"),
    help=(
        "msaada", "nisaidie", "saidia", "naomba msaada", "nahitaji msaada", "maelekezo",
        "unaweza kufanya nini", "inafanyaje kazi", "amri", "menyu", "wewe ni nani",
    ),
    yes=("ndiyo", "ndio", "sawa", "naam", "thibitisha", "nathibitisha", "sawa sawa", "ndiyo tafadhali", "haya", "kabisa"),
    no=("hapana", "la", "acha", "ghairi", "hapana asante", "sitaki", "usifanye", "wacha", "sio sasa"),
    person=("mtu", "mhudumu", "wakala", "binadamu", "huduma kwa wateja", "agent", "mfanyakazi"),
    person_phrases=(
        "kuzungumza na mtu", "kuongea na mtu", "kuzungumza na mhudumu",
        "kuongea na mhudumu", "nataka mtu", "nataka mhudumu", "naomba mhudumu",
        "niunganishe na", "nipigie simu", "kuongea na wakala", "kuzungumza na wakala",
    ),
    lead_ins=(
        "tafadhali", "naomba", "nataka", "ningependa", "nahitaji", "habari", "jambo",
        "ndiyo", "sawa", "sasa", "nisaidie", "hujambo", "naomba unisaidie", "basi",
    ),
    polite=("unaweza", "mnaweza", "je unaweza", "naweza", "ungeweza", "waweza"),
    create=(
        "tengeneza", "kutengeneza", "tengenezea", "unda", "kuunda", "vocha mpya", "utengeneze",
    ),
    redeem=("komboa", "kukomboa"),
    void=("batilisha", "kubatilisha", "tangua", "kutangua"),
    create_weak=(
        "toa", "kutoa", "mpe", "kumpa", "tuma", "kutuma", "nipe", "andaa", "kuandaa",
        "ongeza",
    ),
    redeem_weak=("tumia", "kutumia", "pokea", "kupokea", "nitumie", "natumia"),
    void_weak=("futa", "kufuta", "ghairi", "kughairi", "zuia", "kuzuia", "sitisha"),
    lookup=(
        "tafuta", "kutafuta", "nani", "ni nani", "angalia", "kuangalia", "mtafute",
        "chunguza", "hakiki", "kuhakiki",
    ),
    list=(
        "vocha zangu", "vocha yangu", "orodha", "nionyeshe vocha", "nionyeshe vocha zangu",
        "onyesha vocha", "onyesha vocha zangu", "nina vocha", "nina vocha ngapi",
        "orodha ya vocha", "nina vocha gani", "salio", "salio langu", "angalia vocha zangu",
        "kuona vocha zangu",
    ),
    voucher=("vocha", "voucher", "kuponi", "hati ya mafuta"),
    at=("katika kituo cha", "kituo cha", "katika", "kituoni", "kwenye", "kwenye kituo cha", "kituo"),
    because=("kwa sababu", "sababu", "kwani", "maana"),
    questions=(
        "kwa nini", "nani", "lini", "nini", "vipi", "wapi", "gani", "ngapi", "mbona",
        "je,", "iwapo",
    ),
    negations=(
        "si", "sio", "siyo", "hapana", "bila", "kamwe", "usifanye", "acha", "subiri",
        "badala", "ngoja", "wala", "hakuna", "sitaki", "isipokuwa",
    ),
    past=(
        "jana", "tayari", "ulipotengeneza", "alinipa", "nilipewa", "alipewa", "umeshatoa",
    ),
    hearsay=(
        "alisema", "amesema", "kasema", "walisema", "kama", "ikiwa", "kesho", "baadaye",
        "mfano", "labda", "pengine", "au", "kila", "karibu na", "takriban", "nusu",
    ),
    doubtful_beginnings=(
        "usi", "msi", "hatu", "haku", "hawa", "hai", "hazi", "siku", "sita", "sija", "siw",
        "nili", "uli", "ali", "tuli", "mli", "wali", "ili", "zili",
        "nime", "ume", "ame", "tume", "mme", "wame", "ime", "zime",
        "ninge", "unge", "ange", "tunge",
    ),
    unread_numbers=(
        "elfu", "mia", "milioni", "laki", "kumi", "ishirini", "thelathini", "arobaini",
        "hamsini", "sitini", "sabini", "themanini", "tisini", "mbili", "tatu", "nne",
        "tano", "saba", "nane", "tisa", "sufuri",
    ),
)
