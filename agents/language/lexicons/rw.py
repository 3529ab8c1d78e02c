from __future__ import annotations

from agents.language.lexicons.lexicon import Lexicon

# fmt: off
KINYARWANDA = Lexicon(
    language="rw",
    markers=(
        "muraho", "mwaramutse", "mwiriwe", "bite", "amakuru", "murakoze", "urakoze",
        "yego", "oya", "ubufasha", "umuntu", "umukozi", "ndashaka", "nshaka", "nyamuneka",
        "mumfashe", "mfasha", "zanjye", "yanjye", "kuri", "tanga", "koresha", "sesa",
        "shaka", "nimero", "amafaranga", "lisansi", "sitasiyo", "kubera", "iki", "ese",
        "mbese", "ngo", "cyangwa", "kandi", "gutanga", "gukoresha", "gushaka", "nyereka",
        "ya", "za", "wa", "umukiriya", "mpa", "neza", "ufite", "mfite",
    ),
    greet=(
        "muraho", "mwaramutse", "waramutse", "mwiriwe", "wiriwe", "bite", "amakuru",
        "muraho neza", "mwaramutse neza", "mwiriwe neza", "yambi", "bite se", "uraho",
        "amakuru yawe", "amakuru yanyu", "mumeze mute", "umeze ute", "mwaramutseho",
        "mwiriweho", "waramutseho", "wiriweho", "muraho se", "bite byawe",
    ),
    thanks=(
        "murakoze", "urakoze", "murakoze cyane", "urakoze cyane", "ndabashimira",
        "ndagushimira", "mrkz", "murakoze pe",
    ),
    bye=(
        "murabeho", "ijoro ryiza", "muramuke", "mwirirwe", "umunsi mwiza", "urabeho",
        "mwirirwe neza", "muramuke neza", "turongera", "tuzasubira",
    ),
    help=(
        "ubufasha", "mfasha", "mumfashe", "fasha", "nkeneye ubufasha", "amabwiriza",
        "ndashaka ubufasha", "ni iki ushobora gukora", "ushobora gukora iki", "gufasha",
        "mwamfasha", "mumfashe gato", "ushobora kumfasha iki", "mukora iki",
    ),
    yes=("yego", "yee", "ego", "ni byo", "nibyo", "ndabyemeye", "emeza", "ndemeza", "yego rwose"),
    no=("oya", "reka", "bireke", "byihorere", "sinshaka", "oya murakoze", "hoya", "oya rwose"),
    person=(
        "umuntu", "umukozi", "umukozi wanyu", "ushinzwe abakiriya", "agent", "abakozi",
    ),
    person_phrases=(
        "kuvugana na", "kuvugisha umukozi", "kuvugisha umuntu", "mumpamagare",
        "mwampamagara", "mpuza na", "mumpuze na", "kuvugana n'umuntu", "kuvugana n'umukozi", "mpuza n'umuntu", "mpuza n'umukozi",
        "ndashaka umuntu", "ndashaka umukozi", "nshaka umuntu", "nshaka umukozi",
        "mumpe umuntu", "mpuze n'umuntu", "mpuze n'umukozi", "ubufasha bw'umuntu",
        "ubufasha bw'umukozi", "mumpuze n'umukozi", "mumpuze n'umuntu", "mpamagara",
    ),
    lead_ins=(
        "nyamuneka", "ndagusaba", "ndabasaba", "ndashaka", "nshaka", "nifuzaga", "ndifuza",
        "muraho", "mwaramutse", "mwiriwe", "mumfashe", "mfasha", "yego", "ubu", "none",
        "ndakwinginze", "wamfasha",
    ),
    polite=("ushobora", "mushobora", "mwashobora", "washobora", "nshobora", "wambwira"),
    polite_commands=(
        ("mwakora", "create"), ("wakora", "create"), ("mwankorera", "create"),
        ("wankorera", "create"), ("mwatanga", "create"), ("watanga", "create"),
        ("mwakoresha", "redeem"), ("wakoresha", "redeem"), ("mwakira", "redeem"),
        ("mwasesa", "void"), ("wasesa", "void"), ("mwasiba", "void"),
        ("mwahagarika", "void"), ("wahagarika", "void"),
    ),
    wants=(
        "ndashaka", "nshaka", "nkeneye", "ndifuza", "nifuzaga", "turashaka", "dukeneye",
        "mumpe", "mpa", "ndasaba", "nasabaga",
    ),
    articles=("indi", "nshya", "imwe"),
    answers=(
        "ni", "kode ni", "nimero ni", "amafaranga ni", "sitasiyo ni", "dore", "kode",
        "nimero", "amafaranga", "ya", "kuri",
    ),
    fillers=(
        "kuri", "ya", "y'", "wa", "w'", "za", "ni", "nimero", "umukiriya", "amafaranga",
        "frw", "rwf", "nyamuneka", "muraho", "mwaramutse", "mwiriwe", "telefone",
    ),
    create=(
        "kora", "gukora", "mukore", "rema", "kurema", "sohora", "gusohora", "musohore",
        "voucher nshya", "korera", "gukorera", "mukorere", "umukorere", "mumukorere",
        "nkorera", "kunkorera", "kudukorera", "kumukorera", "unkorere", "munkorere", "ukore", "fungura", "gufungura", "mufungure",
        "tegura", "gutegura", "mutegure", "creatinga", "gucreatinga", "ku creatinga",
        "mucreatinge", "gu creatinga", "mu creatinge",
    ),
    redeem=(
        "akira", "kwakira", "mwakire", "vunjisha", "kuvunjisha", "redeeminga",
        "kuredeeminga", "ku redeeminga", "gu redeeminga",
    ),
    void=(
        "sesa", "gusesa", "musese", "tesha agaciro", "gutesha agaciro", "cancelinga",
        "gucancelinga", "ku cancelinga", "voidinga", "kuvoidinga",
    ),
    create_weak=(
        "tanga", "gutanga", "mutange", "ha", "guha", "muhe", "ohereza", "kohereza",
        "mwohereze", "mpa", "mumpe",
    ),
    redeem_weak=("koresha", "gukoresha", "mukoreshe", "ukoreshe"),
    void_weak=(
        "hagarika", "guhagarika", "siba", "gusiba", "musibe", "kuraho", "gukuraho",
        "mukureho", "vanaho", "kuvanaho", "muhagarike", "usibe", "uhagarike", "muyisibe",
        "muyihagarike", "muyikureho", "muyivaneho", "yisibe", "yikureho", "yihagarike", "uyisibe",
    ),
    lookup=(
        "shaka", "gushaka", "mushake", "reba", "kureba", "murebe", "shakisha", "gushakisha",
        "ni nde", "ninde", "menya", "genzura", "kugenzura", "nderebera", "wandebera", "mwandebera", "kundebera", "underebere",
        "mundebere", "nshakira", "unshakire", "munshakire", "checka", "mushakishe",
        "ushake", "urebe",
    ),
    who=("ni nde", "ninde", "ni iya nde", "iya nde", "ni inde", "ni uwa nde"),
    myself=("ndi nde", "nimero yanjye", "izina ryanjye", "umwirondoro wanjye"),
    list=(
        "voucher zanjye", "voucher yanjye", "vouchers zanjye", "nyereka voucher",
        "nyereka voucher zanjye", "mfite voucher", "mfite voucher zingahe", "erekana voucher",
        "kureba voucher zanjye", "reba voucher zanjye", "urutonde", "mfite izihe voucher",
        "urutonde rwa voucher", "inyereke voucher zanjye", "voucher zange", "voucher mfite", "izihe voucher mfite",
        "ni izihe voucher mfite", "munyereke voucher zanjye", "erekana voucher zanjye",
        "voucher zingahe mfite", "voucher nsigaranye", "ese mfite voucher",
    ),
    voucher=("voucher", "vouchers", "vusha", "vuca", "vocha", "inyemezabwishyu"),
    at=(
        "kuri sitasiyo", "kuri sitasiyo ya", "kuri", "kuri station", "mu", "i", "sitasiyo ya",
    ),
    because=(
        "kubera", "kubera ko", "kuko", "impamvu", "impamvu ni", "bitewe", "bitewe n'uko",
    ),
    questions=(
        "ese", "mbese", "kuki", "ryari", "nde", "iki", "gute", "hehe", "angahe", "zingahe",
        "kangahe", "bite",
    ),
    negations=(
        "oya", "nta", "ntabwo", "ntawe", "si", "sinshaka", "wibikora", "reka", "bireke", "hagarara", "tegereza",
        "ahubwo", "uretse", "mureke", "nticyo", "utabikora",
    ),
    interrogatives=("kuki", "ryari", "gute", "hehe", "angahe", "zingahe", "ninde",),
    next_words=("hanyuma", "mbere", "ubu", "kandi", "ahubwo", "cyangwa", "banza", "noneho",),
    past=(
        "watanze", "natanze", "yatanze", "mwatanze", "twatanze", "batanze", "wakoze",
        "nakoze", "yakoze", "mwakoze", "wakoresheje", "nakoresheje", "yakoresheje",
        "mwakoresheje", "washeshe", "nasheshe", "yasheshe", "wasohoye", "nasohoye",
        "yasohoye", "wohereje", "nohereje", "yohereje", "yahawe", "nahawe", "wahaye",
        "namaze", "wamaze", "yamaze", "ejo hashize", "nakoreye", "wakoreye", "yakoreye",
        "mwakoreye", "twakoreye", "bakoze", "twakoze", "hakozwe", "yakozwe", "zakozwe",
        "yatanzwe", "hatanzwe", "yakoreshejwe", "twakoresheje", "bakoresheje", "yasibwe",
        "nasibye", "wasibye", "yasibye", "nahagaritse", "wahagaritse", "yahagaritse",
        "yahagaritswe", "yasheshwe", "mwasheshe", "ubushize",
    ),
    hearsay=(
        "ati", "bati", "yavuze", "yambwiye", "bavuze", "niba", "ejo", "nyuma", "urugero",
        "buri", "iyo", "naba", "naza", "ngo", "yanditse", "bambwiye",
        "yansabye", "ejobundi", "ubutaha", "nzakora", "nzatanga", "nzakoresha", "urwenya",
        "ndikinira", "haha", "lol", "dusanzwe", "barifuza", "mpaka", "kugeza", "keretse", "nakora", "nakoresha", "nsibe", "nkore", "ntange", "nkoreshe", "nte",
    ),
    unsure=(
        "wenda", "ahari", "cyangwa", "hafi", "igera kuri", "agera kuri", "bigera kuri", "nka", "hagati",
    ),
    doubtful_beginnings=(
        "nti", "ntu", "ntak", "ntat", "ntimu", "ntiba", "sin", "wi", "mwik", "mwit", "nzak",
        "uzak", "azak", "tuza", "muza", "uzam", "azam", "mwasho", "nimb", "nimur", "nimar", "ninak", "nibaz", "nibam", "nuza", "nutan",
    ),
    numbers=(
        ("bibiri", 2), ("bitatu", 3), ("bine", 4), ("bitanu", 5), ("bitandatu", 6),
        ("birindwi", 7), ("indwi", 7), ("umunani", 8), ("icyenda", 9), ("icumi", 10),
        ("cumi", 10), ("makumyabiri", 20), ("mirongo itatu", 30), ("mirongo ine", 40),
        ("mirongo itanu", 50), ("mirongo itandatu", 60), ("mirongo irindwi", 70),
        ("mirongo inani", 80), ("mirongo icyenda", 90), ("mirongo cyenda", 90),
        ("ijana", 100), ("magana abiri", 200), ("magana atatu", 300), ("magana ane", 400),
        ("magana atanu", 500), ("magana atandatu", 600), ("magana arindwi", 700),
        ("magana inani", 800), ("magana icyenda", 900), ("magana cyenda", 900),
        ("igihumbi", 1_000),
    ),
    multipliers=(("ibihumbi", 1_000),),
    number_joins=("na",),
    counts_first=False,
    joined_tens=(
        "cumi", "makumyabiri", "mirongo itatu", "mirongo ine", "mirongo itanu",
        "mirongo itandatu", "mirongo irindwi", "mirongo inani", "mirongo icyenda",
        "mirongo cyenda",
    ),
    unread_numbers=(
        "magana", "miliyoni", "mirongo", "kabiri", "gatatu", "ebyiri", "eshatu",
    ),
    messages=(
        "butumwa", "andik", "oherez", "sms", "messag", "msg", "lisiti", "rutonde", "mahoro",
        "ndek", "mesaj", "tesha umutwe", "mbuza", "rambi",
    ),
    voided=(
        "yasibwe", "yasibye", "basibye", "mwasibye", "wasibye", "twasibye", "yahagaritswe",
    ),
)
