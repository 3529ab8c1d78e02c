from __future__ import annotations

from agents.language.texts.topics import RW

TEXTS: dict[str, str] = {
    **RW,
    # Greeting and help
    "greeting.customer": (
        "Muraho! Ndi umufasha wikoresha (si umuntu) wa voucher za lisansi. Nshobora kukwereka voucher zawe "
        "no kugufasha gukoresha imwe kuri sitasiyo. Andika *ubufasha* urebe ibyo "
        "numva, cyangwa *umuntu* kugira ngo uvugane n'umukozi."
    ),
    "greeting.station": (
        "Muraho! Ndi umufasha wikoresha (si umuntu) wa voucher za lisansi. Andika *koresha* na kode ya "
        "voucher y'umukiriya kugira ngo yakirwe kuri sitasiyo yawe. Andika *ubufasha* urebe "
        "ibyo numva, cyangwa *umuntu* kugira ngo uvugane n'umukozi."
    ),
    "greeting.staff": (
        "Muraho! Ndi umufasha wikoresha (si umuntu) wa voucher za lisansi. Nshobora gushaka abakiriya, "
        "gutanga voucher, kuzakira no kuzisesa. Andika *ubufasha* urebe ibyo numva, "
        "cyangwa *umuntu* kugira ngo uvugane n'umukozi."
    ),
    "greeting.support": (
        "Muraho! Ndi umufasha wikoresha (si umuntu) wa voucher za lisansi. Nshobora gushaka abakiriya no "
        "gusesa voucher. Andika *ubufasha* urebe ibyo numva, cyangwa *umuntu* kugira ngo "
        "uvugane n'umukozi."
    ),
    "help.customer": (
        "Dore ibyo ushobora kwandika:\n"
        "• *voucher zanjye* – izo ufite\n"
        "• *koresha* na kode cyangwa nimero ya voucher, na sitasiyo, urugero "
        "_koresha V7-KQ3M-82 kuri Kimironko_\n"
        "• *umuntu* – umukozi azagusubiza"
    ),
    "help.station": (
        "Dore ibyo ushobora kwandika:\n"
        "• *koresha* n'imibare 16 ya kode – voucher yakirwa kuri sitasiyo yawe\n"
        "• *shaka* na kode – nyiri voucher\n"
        "• *umuntu* – umukozi azagusubiza"
    ),
    "help.staff": (
        "Dore ibyo ushobora kwandika:\n"
        "• *shaka +250788123456*\n"
        "• *tanga voucher ya 10000 kuri +250788123456*\n"
        "• *koresha* na kode, *kuri Kimironko*\n"
        "• *sesa V7-KQ3M-82 kubera …*\n"
        "• *umuntu* – umukozi azagusubiza"
    ),
    "help.support": (
        "Dore ibyo ushobora kwandika:\n"
        "• *shaka +250788123456*\n"
        "• *sesa V7-KQ3M-82 kubera …*\n"
        "• *umuntu* – umukozi azagusubiza"
    ),
    # Asking back
    "ask.intent": (
        "Urashaka gukora iki? Byandike mu magambo make, urugero *voucher zanjye* cyangwa "
        "*sitasiyo*. Andika *ubufasha* urebe ibindi, cyangwa *umuntu* kugira ngo uvugane "
        "n'umukozi."
    ),
    "ask.one_thing": "Kimwe kimwe, nyamuneka: nkore iki mbere?",
    "ask.amount": ("Ni amafaranga angahe? Yandike mu mibare gusa, urugero 10000."),
    "ask.amount_plain": (
        "Sinshaka gukekeranya amafaranga. Andika umubare umwe gusa w'amafaranga, "
        "urugero 10000."
    ),
    "ask.number": (
        "Ni uwuhe mukiriya? Ohereza nimero ya telefone ye, urugero +250788123456."
    ),
    "ask.number_plain": (
        "Sinshaka gukekeranya nimero. Ohereza nimero imwe gusa ya telefone, urugero "
        "+250788123456."
    ),
    "ask.code": "Nyoherereza imibare 16 ya kode ya voucher.",
    "ask.code_and_station": (
        "Ohereza kode ya voucher na sitasiyo hamwe mu butumwa bumwe."
    ),
    "ask.create": (
        "Nkore voucher ya {amount} kuri {number}? Andika *yego* cyangwa *oya*."
    ),
    "ask.code_alone": (
        "Iyo kode nyikoreshe iki? Andika *koresha* cyangwa *shaka* hamwe na kode, mu "
        "butumwa bumwe."
    ),
    "ask.voucher": "Ni iyihe voucher? Ohereza kode yayo cyangwa nimero yayo.",
    "ask.station": "Ni kuri sitasiyo iyihe? Ohereza izina ryayo.",
    "ask.reason": "Kuki igomba guseswa? Mbwira impamvu.",
    "answer.cancelled": "Ni byiza. Nta cyahindutse.",
    "answer.nothing_waits": (
        "Nta kintu gitegereje igisubizo cyawe. Andika *ubufasha* urebe ibyo numva."
    ),
    "answer.press_button": (
        "Ku bw'umutekano, kanda buto iri munsi y'ikibazo cyanjye: yego cyangwa oya "
        "yanditse nta cyo ihindura."
    ),
    "answer.thanks": ("Murakoze namwe!"),
    "answer.bye": ("Murabeho! Nugira icyo ukenera, unyandikire."),
    "answer.nothing_done": (
        "Nta cyo mpinduye ubu. Mbwira icyo nkora mu buryo busobanutse; andika "
        "*ubufasha* urebe ingero."
    ),
    # Fixed notices
    "kind.unsupported": (
        "Murakoze! Ubu nshobora gusoma ubutumwa bwanditse gusa. Nyandikira icyo "
        "ukeneye, cyangwa wandike *umuntu* kugira ngo uvugane n'umukozi."
    ),
    "apology": (
        "Mbabarira, habaye ikibazo ku ruhande rwanjye. Ongera ugerageze mu minota "
        "mike, cyangwa wandike *umuntu* kugira ngo uvugane n'umukozi."
    ),
    "restricted": (
        "Mbabarira, ubu sinshobora guhindura voucher. Ndacyashobora gushaka amakuru. "
        "Ongera ugerageze mu minota mike, cyangwa wandike *umuntu* kugira ngo uvugane "
        "n'umukozi."
    ),
    "hand_over": (
        "Ikiganiro cyawe nagishyikirije umukozi. Aragusubiza hano vuba bishoboka."
    ),
    "colleague.queue": "Uri ku murongo w'abategereje. Umukozi wacu aragusubiza hano vuba bishoboka.",
    "colleague.writes": "*Umukozi wacu arakwandikira:*",
    "colleague.taken": "Umukozi wacu yinjiye muri iki kiganiro kandi ni we uzagusubiza hano. Umufasha w'ikoranabuhanga arahagaze.",
    "colleague.returned": "Umufasha w'ikoranabuhanga yongeye kugusubiza hano. Andika *umuntu* igihe cyose ushaka umukozi.",
    "canned.looking": "Murakoze gutegereza. Ndimo kubikurikirana kandi ndagusubiza hano.",
    "canned.which_station": "Mbwira sitasiyo wari uriho n'igihe byabereye, kugira ngo mbashe kubireba.",
    "canned.no_code": "Ntukandike hano kode ya voucher yawe: abakozi bacu ntibayikenera na rimwe.",
    "canned.later": "Biratwara akandi kanya gato. Ndagusubiza hano mbere y'uko umunsi urangira.",
    "canned.solved": "Byakemutse. Hari ikindi nagufasha?",
    "flood": (
        "Wohereje ubutumwa bwinshi cyane. Narabubitse, ariko sinshobora gusubiza "
        "bwose. Tegereza gato, hanyuma unyandikire mu butumwa bumwe icyo ukeneye."
    ),
    "budget": (
        "Uyu munsi twandikiranye byinshi: nzongera kugusubiza ejo. Ubutumwa bwawe "
        "narabubitse. Niba byihutirwa, andika *umuntu* uvugane n'umuntu."
    ),
    "consent.stopped": (
        "Ntuzongera kubona ubutumwa bwacu. Andika START nuba ubushaka nanone."
    ),
    "consent.started": ("Murakaza neza! Ugiye kongera kubona ubutumwa bwacu."),
    # Confirm buttons
    "confirm.create": (
        "Ntange voucher ya *{amount}* igenewe {name} ({msisdn})?\n"
        "Kanda buto bitarenze iminota 10."
    ),
    "confirm.create_approval": (
        "Ntange voucher ya *{amount}* igenewe {name} ({msisdn})? Undi muntu agomba "
        "kuyemeza.\nKanda buto bitarenze iminota 10."
    ),
    "confirm.redeem": (
        "Nkoreshe voucher *{reference}* ya *{amount}* kuri {station}?\n"
        "Kanda buto bitarenze iminota 10."
    ),
    "confirm.redeem_for": (
        "Nkoreshe voucher *{reference}* ya *{amount}* ya {name} ({msisdn}) kuri {station}?\n"
        "Kanda buto bitarenze iminota 10."
    ),
    "confirm.void": (
        "Nsese voucher *{reference}* ya *{amount}* ya {name} ({msisdn})? Impamvu: {reason}\n"
        "Kanda buto bitarenze iminota 10."
    ),
    "button.confirm": "Yego, emeza",
    "button.cancel": "Oya, bireke",
    "confirm.declined": "Ni byiza. Nta cyahindutse.",
    "confirm.expired": (
        "Icyo kibazo kimaze iminota irenga 10, bityo nta cyahindutse. Ongera ubinsabe."
    ),
    "confirm.used": "Icyo kibazo wamaze kugisubiza.",
    "confirm.replaced": "Ikindi kibazo cyaragisimbuye; iyi buto nta cyo yahinduye.",
    "confirm.foreign": "Iyo buto si iyawe; nta cyahindutse.",
    # Receipts
    "receipt.issue": (
        "✅ Voucher yatanzwe.\nAmafaranga: *{amount}*\nNyirayo: {name} ({msisdn})\n"
        "Nimero yayo: {reference}\nKode: *{code}*\nIrangira: {expires}"
    ),
    "receipt.issue_without_code": (
        "✅ Voucher yatanzwe.\nAmafaranga: *{amount}*\nNyirayo: {name} ({msisdn})\n"
        "Nimero yayo: {reference}\nIrangira: {expires}\n"
        "Kode yayo ntigishobora kugaragazwa."
    ),
    "receipt.not_reached": (
        "⚠️ Umukiriya ntashobora kuboneka kuri WhatsApp: muhe nimero ya voucher na kode "
        "wowe ubwawe."
    ),
    "receipt.pending": (
        "⏳ Voucher {reference} ya *{amount}* ya {name} ({msisdn}) itegereje ko undi "
        "muntu ayemeza. Kugeza icyo gihe nta kode ifite."
    ),
    "receipt.redeem": (
        "✅ Voucher {reference} ya *{amount}* yakiriwe kuri {station} ku wa {at}."
    ),
    "receipt.void": (
        "✅ Voucher {reference} ya *{amount}* yasheshwe ku wa {at}. Impamvu: {reason}"
    ),
    "lookup.found": "{name}\nNimero: {msisdn}",
    "lookup.self": "Uri {name}.\nNimero: {msisdn}",
    "lookup.code": (
        "Voucher {reference} ya *{amount}*: {status}\nUmukiriya: {name} ({msisdn})"
    ),
    "lookup.unknown": "Nta mukiriya nzi ufite nimero {msisdn}.",
    "name.unknown": "umukiriya utagira izina",
    "msisdn.not_written": "{msisdn}, nimero utanditse",
    "reference.not_written": "{reference}, nimero ya voucher utanditse",
    "msisdn.unknown": "nta nimero",
    "list.header": "Voucher zawe:",
    "list.line": "• {reference}: *{amount}*, {status}, irangira {expires}",
    "list.empty": "Nta voucher ufite.",
    "list.more": "… n'izindi {count}.",
    "status.pending_approval": "itegereje kwemezwa",
    "status.issued": "yiteguye gukoreshwa",
    "status.redeemed": "yarakoreshejwe",
    "status.void": "yarasheshwe",
    "status.expired": "yararangiye",
    # Notices to the other side
    "notice.station": (
        "⛽ Voucher {reference} ya *{amount}* yakoreshejwe n'umukiriya wayo kuri "
        "{station} ku wa {at}."
    ),
    "notice.issued": (
        "🎁 Ufite voucher nshya ya lisansi ya *{amount}*.\nNimero yayo: {reference}\n"
        "Kode: *{code}*\nIrangira: {expires}\n"
        "Kode yibike wowe ubwawe kugeza ugeze kuri sitasiyo."
    ),
    "notice.approved": (
        "✅ Voucher {reference} ya *{amount}* yemejwe.\nKode: *{code}*\n"
        "Irangira: {expires}"
    ),
    "notice.declined": (
        "Voucher {reference} ya *{amount}* ntiyemejwe. Impamvu: {reason}"
    ),
    "notice.request_ended": (
        "Voucher {reference} ya *{amount}* ntiyemejwe ku gihe. Ubusabe bwarangiye: ongera usabe niba bikenewe."
    ),
    "notice.redeemed": (
        "⛽ Voucher yawe {reference} ya *{amount}* yakoreshejwe kuri {station} ku wa "
        "{at}. Niba atari wowe, andika *umuntu*."
    ),
    "notice.voided": "Voucher yawe {reference} ya *{amount}* yasheshwe.",
    "notice.reversed": (
        "Ikoreshwa rya voucher yawe {reference} ya *{amount}* kuri {station} ryasubijwe "
        "inyuma. Wongera kuyikoresha kugeza {expires}."
    ),
    "notice.not_reached": (
        "{reference}: sinashoboye kugera ku mukiriya kuri WhatsApp: muhe nimero ya voucher na "
        "kode wowe ubwawe."
    ),
    # Refusals
    "refused.limit_exceeded": "Ibyo birenze ibyemewe: {limit}.",
    "limit.voucher": "voucher imwe ntirenza {amount}",
    "limit.issuer_daily": "izo utanga ku munsi umwe ntizirenza {amount}",
    "limit.customer_daily": "umukiriya umwe ntarenza {amount} ku munsi",
    "refused.not_issued": ("Ibyo ntibishoboka kuri iyo voucher: {status}."),
    "refused.redeemed": "Iyo voucher yarakoreshejwe, ku wa {at}.",
    "refused.void": "Iyo voucher yarasheshwe, ku wa {at}.",
    "refused.expired": "Iyo voucher yararangiye.",
    "refused.locked": (
        "Habaye kode cyangwa nimero nyinshi zitari zo. Tegereza iminota {minutes} wongere ugerageze, "
        "cyangwa wandike *umuntu*."
    ),
    "refused.voucher_not_found": (
        "Sinshoboye kubona voucher imeze ityo. Reba neza kode cyangwa nimero yayo."
    ),
    "refused.mistyped_code": (
        "Iyo kode ishobora kuba irimo ikosa. Reba neza imibare 16 yayo wongere "
        "uyohereze."
    ),
    "refused.customer_not_found": (
        "Nta mukiriya nzi ufite iyo nimero, bityo nta cyahindutse."
    ),
    "refused.station_not_found": (
        "Iyo sitasiyo sinyizi. Ohereza izina ryayo nyaryo cyangwa kode yayo."
    ),
    "refused.wrong_station": ("Ntushobora kwakirira voucher kuri iyo sitasiyo."),
    "refused.feature_disabled": "Ibyo ubu birafunze; nta cyahindutse.",
    "refused.rate_limited": (
        "Ibyo byari byinshi mu munota umwe. Tegereza amasegonda {seconds} wongere "
        "ugerageze."
    ),
    "refused.forbidden": "Ibyo sinshobora kubigukorera; nta cyahindutse.",
    "refused.invalid_amount": (
        "Ayo mafaranga sinshobora kuyakoresha. Andika amafaranga yuzuye mu mibare "
        "gusa, urugero 10000."
    ),
    "refused.invalid_number": (
        "Iyo si nimero ya telefone nshobora gukoresha. Yohereze itya: +250788123456."
    ),
    "refused.invalid_currency": "Sinshobora gutanga voucher muri ayo mafaranga.",
    "refused.key_reused": (
        "Hari icyahindutse kuri ubu busabe, bityo nta cyakozwe. Umukozi arabureba."
    ),
    "refused.one_change": (
        "Nkora igihinduka kimwe icyarimwe. Nyoherereza ikindi mu butumwa bushya."
    ),
    "refused.invalid_request": ("Sinashoboye gusoma ubwo busabe; nta cyahindutse."),
    "refused.other": "Ibyo byanzwe; nta cyahindutse.",
    # Messages that are not plain text
    "heard": "Numvise: “{text}”",
    "kind.voice": (
        "Mbabarira, sinashoboye kumva ubutumwa bw'ijwi. Nyandikira icyo "
        "ukeneye, cyangwa wandike *umuntu* kugira ngo uvugane n'umukozi."
    ),
    "kind.location": (
        "Murakoze! Sinshobora gukoresha ahantu ho ku ikarita. Andika izina "
        "rya sitasiyo."
    ),
    "kind.contact": (
        "Murakoze! Sinkoresha ikarita ya nimero. Andika nimero ya telefone "
        "n'icyo ukeneye."
    ),
    "kind.order": (
        "Murakoze! Sinakira ibyatumijwe muri katalogi. Nyandikira icyo "
        "ukeneye, cyangwa wandike *umuntu* kugira ngo uvugane n'umukozi."
    ),
    "kind.media": (
        "Murakoze! Sinshobora kureba amafoto, videwo cyangwa dosiye. "
        "Nyandikira icyo ukeneye, cyangwa wandike *umuntu* kugira ngo uvugane"
        " n'umukozi."
    ),
    "kind.number_noted": "Murakoze! Nanditse nimero yawe ya telefone. Nagufasha iki?",
    "kind.resend": (
        "Mbabarira, ibyo wohereje ntibyangezeho. Ongera ubyohereze, cyangwa ubyandike."
    ),
    "kind.edited": (
        "Nari namaze gusoma ubutumwa bwawe, impinduka ntacyo ihindura. Ongera"
        " wandike icyo ukeneye."
    ),
    # The end of a conversation
    "call.broke_off": (
        "Mutubabarire, telefone mwaduhamagaye yacitse. Ibyemejwe bigumaho. "
        "Mwongere muhamagare cyangwa munyandikire hano."
    ),
    "capped": (
        "Sinshobora gukomeza njyenyine. Ikiganiro cyacu nagishyikirije umukozi. "
        "Aragusubiza hano vuba bishoboka."
    ),
    "satisfaction.ask": "Ese twabashije kugufasha?",
    "satisfaction.thanks": "Urakoze kubitubwira! Biradushimishije.",
    "satisfaction.sorry": (
        "Urakoze kubitubwira. Mutubabarire. Andika *umuntu* kugira ngo uvugane "
        "n'umukozi."
    ),
    "button.satisfied": "Yego, murakoze",
    "button.dissatisfied": "Oya, si cyane",
}
