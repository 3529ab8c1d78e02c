"""What is said on the phone, and what is written about a call and a PIN.

A native speaker has not read these texts yet: see docs/languages.md.
"""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # The call
    "phone.greeting": (
        "Muraho. Uyu ni umufasha ukoresha ikoranabuhanga wa voucher za lisansi. Ibivugwa "
        "birandikwa. Kanda 3 niba ushaka urundi rurimi. Nagufasha iki?"
    ),
    "phone.language": "Dukomeje mu Kinyarwanda.",
    "phone.silence": "Uracyahari?",
    "phone.unclear": "Mbabarira, sinabyumvise. Wongera ukabivuga?",
    "phone.soft_limit": "Iki kiganiro gishobora kumara indi minota {minutes}.",
    "phone.hard_limit": (
        "Igihe cy'iki kiganiro kirarangiye. Ushobora kutwandikira kuri WhatsApp. "
        "Murabeho."
    ),
    "phone.idle_end": "Sinkumva, nuko ndangije ikiganiro. Murabeho.",
    "phone.unclear_end": (
        "Mbabarira, sinshobora kugufasha kuri telefone. Twandikire kuri WhatsApp. "
        "Murabeho."
    ),
    "phone.budget_end": (
        "Ngomba kurangiza iki kiganiro ubu. Ushobora kutwandikira kuri WhatsApp. "
        "Murabeho."
    ),
    "phone.switched_off": (
        "Serivisi ya telefone igiye guhagarikwa. Twandikire kuri WhatsApp, cyangwa "
        "wongere uhamagare nyuma. Murabeho."
    ),
    "phone.goodbye": "Urakoze guhamagara. Murabeho.",
    "phone.apology": (
        "Mbabarira, habaye ikibazo ku ruhande rwanjye. Twandikire kuri WhatsApp, "
        "cyangwa wongere uhamagare nyuma. Murabeho."
    ),
    "phone.back": "Ndagarutse nyuma y'akanya gato. Nagufasha iki?",
    "phone.transfer": "Ngiye kuguhuza n'umukozi. Guma kuri telefone.",
    "phone.transfer_failed": (
        "Ubu sinabonye umukozi. Nanditse ko umukozi agomba kuguhamagara."
    ),
    "phone.callback": "Nanditse ko umukozi agomba kuguhamagara.",
    # The PIN
    "phone.pin_needed": (
        "Andika PIN yawe kuri telefone, hanyuma ukande urwego. Ntuyivuge mu ijwi."
    ),
    "phone.pin_right": "Urakoze. Nagukorera iki?",
    "phone.pin_wrong": ("Iyo PIN si yo. Ongera uyandike. Inshuro usigaranye: {left}."),
    "phone.pin_too_long": "Iyo mibare ni myinshi kurusha PIN, ntabwo ibarwa. Andika PIN yawe y'imibare 4 kugeza kuri 6, hanyuma ukande urwego.",
    "phone.pin_locked": (
        "PIN zitari zo zabaye nyinshi. Mu minota {minutes} nta PIN ishobora kwandikwa. "
        "Ushobora kutwandikira kuri WhatsApp. Murabeho."
    ),
    "phone.button_sent": (
        "Niba iyi nimero ikoresha serivisi yacu ya WhatsApp, nohereje ubutumwa. Kanda "
        "buto iburimo kugira ngo dukomeze nta PIN."
    ),
    "phone.question_sent": "Niba iyi nimero ikoresha serivisi yacu ya WhatsApp, icyo kibazo nacyoherejeyo na ho. Ushobora kugisubiza ukanze buto irimo.",
    # Tools
    "phone.press": "Kanda 1 kuri yego cyangwa 2 kuri oya.",
    "phone.declined": "Ni byiza. Nta cyahindutse.",
    "phone.question_over": (
        "Icyo kibazo ntikigifunguye. Nta cyahindutse. Ongera umbaze."
    ),
    "phone.last_digits": "nimero irangira na {digits}",
    "phone.code_needed": (
        "Andika imibare 16 ya kode kuri telefone. Ntuyivuge mu ijwi."
    ),
    "phone.code_entered": "Urakoze, kode ndayibonye.",
    "phone.code_wrong": "Iyo si kode yuzuye. Ongera wandike imibare yayo 16.",
    "phone.slow": "Biratinda gato. Ndabikohereza kuri WhatsApp.",
    "phone.slow_unsent": "Biratinze kurusha ibisanzwe. Ongera umbaze mu kanya.",
    "phone.receipt_sent": "Urabibona no kuri WhatsApp.",
    # What the model asks when it works without OpenAI
    "phone.help": "Nshobora kukubwira voucher ufite no gukoresha imwe kuri sitasiyo. Kugira ngo bikorwe, wandika PIN yawe kuri telefone. Nshobora no kuguhuza n'umukozi.",
    "phone.press_first": "Banza usubize: 1 kuri yego cyangwa 2 kuri oya.",
    "phone.ask_intent": "Vuga mu nteruro imwe icyo wifuza ko nkora. Urugero: nyereka vouchers zanjye.",
    "phone.help_team": "Nshobora gushaka abakiriya, no gukora, gukoresha no gusesa vouchers, bitewe n'uburenganzira bwawe. Kuri ibyo winjiza PIN yawe ukoresheje imibare ya telefone.",
    "phone.ask_amount": "Ni amafaranga angahe?",
    "phone.ask_number": "Ni iyihe nimero ya telefone? Vuga imibare yayo yose.",
    "phone.ask_station": "Ni kuri sitasiyo iyihe?",
    "phone.ask_create": "Nkore voucher y'ayo mafaranga kuri iyo nimero? Vuga yego cyangwa oya.",
    # Corrections
    "phone.correction": (
        "Ngomba kwikosora: ibyo maze kuvuga ntibizwi neza. Nta cyo nahinduye."
    ),
    "phone.correction_shown": "Ngomba kwikosora. Dore ibyanditse:",
    "phone.correction_person": (
        "Ngomba kwikosora: sinaguhuje n'umukozi. Niba ubishaka, bivuge."
    ),
    "phone.correction_secret": (
        "Ngomba kwikosora: ntukavuge PIN cyangwa kode mu ijwi, nanjye ntukayimbwire."
    ),
    "phone.correction_end": (
        "Nongeye kwibeshya, nuko ndangije ikiganiro ku bw'umutekano. Twandikire kuri "
        "WhatsApp. Murabeho."
    ),
    # Written on WhatsApp about a call
    "phone.identify": (
        "📞 Hari umuntu uduhamagara akoresheje nimero yawe, kuva {time}. Ni wowe?\n"
        "Kanda *Yego* ari uko uri kuri telefone natwe ubu. Buto imara iminota 10."
    ),
    "button.calling": "Yego, ni njye",
    "button.not_calling": "Oya",
    "phone.identified": "Urakoze. Komereza kuri telefone.",
    "phone.not_calling": (
        "Urakoze kubitubwira. Uhamagara nta cyo aza kumva kuri voucher zawe."
    ),
    "phone.call_over": "Icyo kiganiro cyararangiye. Nta cyahindutse.",
    "phone.on_whatsapp": "📞 Ibyo mu kiganiro cya telefone:",
    # The PIN's page
    "pin.link": (
        "Hitamo PIN yawe ya serivisi ya telefone kuri uru rupapuro:\n{link}\n"
        "Rukora inshuro imwe, mu minota 30. Ntururuhe undi. Ntituzigera dusaba PIN yawe "
        "mu butumwa."
    ),
    "pin.not_now": (
        "Ubu sinshobora kukoherereza aho ushyira PIN. Ongera ugerageze nyuma y'isaha, "
        "cyangwa wandike *umuntu* uvugane n'umukozi."
    ),
    "pin.was_set": (
        "PIN yawe ya telefone imaze gushyirwaho. Niba atari wowe, andika *umuntu*."
    ),
    "pin_page.title": "PIN yawe ya telefone",
    "pin_page.rules": (
        "Hitamo imibare 4 kugeza kuri 6. Ntibyemewe kuko byoroshye gukeka: imibare "
        "isubirwamo, imibare ikurikirana, umwaka, n'impera ya nimero yawe."
    ),
    "pin_page.first": "PIN nshya",
    "pin_page.again": "Ongera wandike iyo PIN",
    "pin_page.submit": "Bika PIN",
    "pin_page.safety": (
        "Ntidusaba PIN yawe mu butumwa, kandi nta mukozi ushobora kuyibona."
    ),
    "pin_page.done": (
        "PIN yawe irabitswe. Yandike kuri telefone igihe uduhamagaye. Ushobora gufunga "
        "uru rupapuro."
    ),
    "pin_page.gone": (
        "Uru rupapuro ntirugikora. Twandikire *PIN* kuri WhatsApp ubone urundi."
    ),
    "pin_page.impossible": (
        "Nta PIN ishobora gushyirwaho ubu. Twandikire kuri WhatsApp."
    ),
    "pin_page.too_many": "Byabaye kenshi. Tegereza iminota icumi wongere ugerageze.",
    "pin_page.shape": "PIN igira imibare 4 kugeza kuri 6 gusa.",
    "pin_page.different": "PIN ebyiri ntizihuye. Andika PIN imwe inshuro ebyiri.",
    "pin_page.repeated": ("PIN y'imibare isubirwamo yoroshye gukeka. Hitamo indi."),
    "pin_page.sequence": ("PIN y'imibare ikurikirana yoroshye gukeka. Hitamo indi."),
    "pin_page.year": "PIN imeze nk'umwaka yoroshye gukeka. Hitamo indi.",
    "pin_page.own_number": ("Impera ya nimero yawe yoroshye gukeka. Hitamo indi PIN."),
}
