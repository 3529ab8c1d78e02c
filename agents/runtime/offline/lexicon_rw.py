from __future__ import annotations

from agents.runtime.offline.lexicon import Lexicon

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
        "amakuru yawe", "mumeze mute", "umeze ute",
    ),
    thanks=("murakoze", "urakoze", "murakoze cyane", "urakoze cyane", "ndabashimira"),
    help=(
        "ubufasha", "mfasha", "mumfashe", "fasha", "nkeneye ubufasha", "amabwiriza",
        "ndashaka ubufasha", "ni iki ushobora gukora", "ushobora gukora iki", "gufasha",
        "bikora bite", "mwamfasha",
    ),
    yes=("yego", "yee", "ego", "ni byo", "nibyo", "ndabyemeye", "emeza", "ndemeza", "yego rwose"),
    no=("oya", "reka", "bireke", "byihorere", "sinshaka", "oya murakoze", "hoya", "oya rwose"),
    person=(
        "umuntu", "umukozi", "umukozi wanyu", "ushinzwe abakiriya", "agent", "abakozi",
    ),
    person_phrases=(
        "kuvugana n'umuntu", "kuvugana n'umukozi", "mpuza n'umuntu", "mpuza n'umukozi",
        "ndashaka umuntu", "ndashaka umukozi", "nshaka umuntu", "nshaka umukozi",
        "mumpe umuntu", "mumpuze n'umukozi", "mumpuze n'umuntu", "mpamagara",
    ),
    lead_ins=(
        "nyamuneka", "ndagusaba", "ndabasaba", "ndashaka", "nshaka", "nifuzaga", "ndifuza",
        "muraho", "mwaramutse", "mwiriwe", "mumfashe", "mfasha", "yego", "ubu", "none",
        "ndakwinginze", "wamfasha",
    ),
    polite=("ushobora", "mushobora", "mwashobora", "washobora", "nshobora", "wambwira"),
    create=(
        "kora", "gukora", "mukore", "rema", "kurema", "sohora", "gusohora", "musohore",
        "voucher nshya",
    ),
    redeem=("akira", "kwakira", "mwakire", "vunjisha", "kuvunjisha"),
    void=("sesa", "gusesa", "musese", "tesha agaciro", "gutesha agaciro"),
    create_weak=(
        "tanga", "gutanga", "mutange", "ha", "guha", "muhe", "ohereza", "kohereza",
        "mwohereze", "mpa", "mumpe",
    ),
    redeem_weak=("koresha", "gukoresha", "mukoreshe"),
    void_weak=("hagarika", "guhagarika", "siba", "gusiba", "musibe", "kuraho", "gukuraho"),
    lookup=(
        "shaka", "gushaka", "mushake", "reba", "kureba", "murebe", "shakisha", "gushakisha",
        "ni nde", "ninde", "menya", "genzura", "kugenzura",
    ),
    list=(
        "voucher zanjye", "voucher yanjye", "vouchers zanjye", "nyereka voucher",
        "nyereka voucher zanjye", "mfite voucher", "mfite voucher zingahe", "erekana voucher",
        "kureba voucher zanjye", "reba voucher zanjye", "urutonde", "mfite izihe voucher",
        "urutonde rwa voucher", "inyereke voucher zanjye",
    ),
    voucher=("voucher", "vouchers", "vusha", "vuca", "vocha", "inyemezabwishyu"),
    at=("kuri sitasiyo", "kuri sitasiyo ya", "kuri", "kuri station", "mu"),
    because=("kubera", "kubera ko", "kuko", "impamvu", "bitewe"),
    questions=(
        "ese", "mbese", "kuki", "ryari", "nde", "iki", "gute", "hehe", "angahe", "zingahe",
        "kangahe", "bite",
    ),
    negations=(
        "oya", "nta", "si", "sinshaka", "wibikora", "reka", "bireke", "hagarara", "tegereza",
        "ahubwo", "uretse", "nticyo", "utabikora",
    ),
    past=(
        "watanze", "natanze", "yatanze", "mwatanze", "twatanze", "batanze", "wakoze",
        "nakoze", "yakoze", "mwakoze", "wakoresheje", "nakoresheje", "yakoresheje",
        "mwakoresheje", "washeshe", "nasheshe", "yasheshe", "wasohoye", "nasohoye",
        "yasohoye", "wohereje", "nohereje", "yohereje", "yahawe", "nahawe", "wahaye",
        "namaze", "wamaze", "yamaze", "ejo hashize",
    ),
    hearsay=(
        "ati", "bati", "yavuze", "yambwiye", "bavuze", "niba", "ejo", "nyuma", "urugero",
        "wenda", "ahari", "cyangwa", "buri", "hafi", "iyo", "naba",
    ),
    doubtful_beginnings=("nti", "ntu", "ntak", "ntat", "ntimu", "ntiba", "sin", "wi"),
    unread_numbers=(
        "ibihumbi", "igihumbi", "magana", "ijana", "miliyoni", "icumi", "makumyabiri",
        "mirongo", "bibiri", "bitatu", "bine", "bitanu", "kabiri", "cumi", "gatatu",
    ),
)
