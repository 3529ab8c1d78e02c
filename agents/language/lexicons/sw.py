from __future__ import annotations

from agents.language.lexicons.lexicon import Lexicon

# fmt: off
SWAHILI = Lexicon(
    language="sw",
    markers=(
        "habari", "jambo", "hujambo", "mambo", "shikamoo", "asante", "asanteni", "ndiyo", "ndio",
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
    thanks=("asante", "asanteni", "asante sana", "ahsante", "ahsante sana", "shukrani", "shukrani sana", "nashukuru"),
    bye=(
        "kwaheri", "kwa heri", "usiku mwema", "lala salama", "siku njema", "tutaonana",
        "mchana mwema", "jioni njema",
    ),
    help=(
        "msaada", "nisaidie", "saidia", "naomba msaada", "naomba unisaidie", "nahitaji msaada", "maelekezo",
        "unaweza kufanya nini", "unafanya nini", "naweza kufanya nini", "amri", "menyu", "wewe ni nani",
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
    polite=("unaweza", "mnaweza", "je unaweza", "je naweza", "je mnaweza", "naweza", "ungeweza", "waweza"),
    polite_commands=(
        ("ungenitengenezea", "create"), ("utanitengenezea", "create"),
        ("mtanitengenezea", "create"),
    ),
    wants=(
        "nataka", "naomba", "nahitaji", "ningependa", "tunahitaji", "tunataka", "nipe",
        "naomba unipe", "tunaomba",
    ),
    articles=("moja", "mpya", "nyingine"),
    answers=(
        "ni", "msimbo ni", "namba ni", "kiasi ni", "kituo ni", "hii hapa", "msimbo",
        "namba", "kiasi", "kwa", "ya",
    ),
    fillers=(
        "kwa", "ya", "ni", "namba", "mteja", "faranga", "frw", "rwf", "tafadhali", "habari",
        "kiasi", "simu", "katika",
    ),
    create=(
        "tengeneza", "kutengeneza", "tengenezea", "unda", "kuunda", "vocha mpya", "utengeneze",
        "mtengeneze", "nitengenezee", "mtengenezee", "tutengenezee", "unitengenezee",
        "umtengenezee", "kumtengenezea", "uunde",
    ),
    redeem=("komboa", "kukomboa"),
    void=("batilisha", "kubatilisha", "tangua", "kutangua"),
    create_weak=(
        "toa", "kutoa", "mpe", "kumpa", "tuma", "kutuma", "nipe", "andaa", "kuandaa",
        "ongeza", "utoe", "mtoe", "umpe", "utume", "mtumie",
    ),
    redeem_weak=("tumia", "kutumia", "pokea", "kupokea", "nitumie", "natumia", "utumie", "kubali"),
    void_weak=(
        "futa", "kufuta", "ghairi", "kughairi", "zuia", "kuzuia", "sitisha", "ufute",
        "mfute", "ondoa", "kuondoa", "ughairi", "ifute", "ifuteni", "futeni", "iondoe",
        "iondoeni", "ibatilishe",
    ),
    lookup=(
        "tafuta", "kutafuta", "nani", "ni nani", "angalia", "kuangalia", "mtafute",
        "chunguza", "hakiki", "kuhakiki", "nitafutie", "unitafutie", "utafute",
        "tafutia", "niangalizie", "uangalie", "nani ana",
    ),
    who=("ni nani", "nani ana", "ni ya nani", "ya nani", "ni nani ana"),
    myself=("mimi ni nani", "namba yangu", "jina langu", "taarifa zangu", "akaunti yangu"),
    list=(
        "vocha zangu", "vocha yangu", "orodha", "nionyeshe vocha", "nionyeshe vocha zangu",
        "onyesha vocha", "onyesha vocha zangu", "nina vocha", "nina vocha ngapi",
        "orodha ya vocha", "nina vocha gani", "salio", "salio langu", "angalia vocha zangu",
        "kuona vocha zangu", "je nina vocha", "nina vocha yoyote", "vocha nilizo nazo",
        "vocha gani ninazo", "angalia salio", "vocha ngapi",
    ),
    voucher=("vocha", "voucher", "kuponi", "hati ya mafuta"),
    at=("katika kituo cha", "kituo cha", "katika", "kituoni", "kwenye", "kwenye kituo cha", "kituo"),
    because=(
        "kwa sababu", "kwa sababu ya", "sababu", "kwani", "maana", "kwa kuwa", "kutokana na",
    ),
    questions=(
        "kwa nini", "nani", "lini", "nini", "vipi", "wapi", "gani", "ngapi", "mbona",
        "je,", "iwapo",
    ),
    negations=(
        "si", "sio", "siyo", "hapana", "bila", "kamwe", "usifanye", "acha", "subiri",
        "badala", "ngoja", "wala", "hakuna", "sitaki", "hasha", "isipokuwa",
    ),
    interrogatives=("kwa nini", "lini", "wapi", "ngapi", "mbona", "vipi", "nani",),
    next_words=("kisha", "kwanza", "sasa", "halafu", "pia", "na", "badala yake", "au", "lakini", "basi",),
    past=(
        "jana", "tayari", "juzi", "imetolewa", "ulipotengeneza", "alinipa", "nilipewa", "alipewa", "umeshatoa",
    ),
    hearsay=(
        "alisema", "amesema", "kasema", "walisema", "ikiwa", "kesho", "baadaye", "mfano", "kila", "nusu",
        "ameandika", "aliandika", "ameniambia", "aliniambia", "akilipa", "akija", "utani",
        "natania", "jinsi", "endapo", "nitengeneze", "nifute", "nitoe", "haha", "lol", "huwa", "wangependa", "mpaka", "hadi",
        "baada ya", "kabla ya", "iwapo",
    ),
    unsure=(
        "labda", "pengine", "au", "kama", "karibu", "takriban", "kati ya", "ama", "zaidi ya", "angalau",
    ),
    doubtful_beginnings=(
        "usi", "msi", "isi", "asi", "zisi", "niki", "uki", "aki", "waki", "tuki", "mki", "nitat", "tutat", "nitaf", "atat", "hatu", "haku", "hawa", "hai", "hazi", "siku", "sita", "sija", "siw",
        "nili", "uli", "ali", "tuli", "mli", "wali", "ili", "zili",
        "nime", "ume", "ame", "tume", "mme", "wame", "ime", "zime",
        "ninge", "unge", "ange", "tunge",
    ),
    numbers=(
        ("moja", 1), ("mbili", 2), ("tatu", 3), ("nne", 4), ("tano", 5), ("sita", 6),
        ("saba", 7), ("nane", 8), ("tisa", 9), ("kumi", 10), ("ishirini", 20),
        ("thelathini", 30), ("arobaini", 40), ("arubaini", 40), ("hamsini", 50),
        ("sitini", 60), ("sabini", 70), ("themanini", 80), ("tisini", 90),
    ),
    multipliers=(
        ("mia", 100), ("elfu", 1_000), ("laki", 100_000), ("milioni", 1_000_000),
    ),
    number_joins=("na",),
    counts_first=False,
    unread_numbers=("sufuri", "maelfu", "mamia", "robo"),
    messages=(
        "meseji", "jumbe", "andik", "sms", "msg", "orodha", "text", "tumie", "kundi",
        "sumbu", "niache", "choka",
    ),
    voided=(
        "imefutwa", "ilifutwa", "umefuta", "mmefuta", "amefuta", "alifuta", "wamefuta",
        "mlifuta", "imeondolewa",
    ),
)
