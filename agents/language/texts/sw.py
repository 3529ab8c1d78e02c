from __future__ import annotations

from agents.language.texts.topics import SW

TEXTS: dict[str, str] = {
    **SW,
    # Greeting and help
    "greeting.customer": (
        "Habari! Mimi ni msaidizi wa kiotomatiki wa vocha za mafuta. Naweza kukuonyesha vocha zako na "
        "kutumia moja kituoni. Andika *msaada* uone ninachoelewa, au *mtu* ili "
        "uzungumze na mhudumu."
    ),
    "greeting.station": (
        "Habari! Mimi ni msaidizi wa kiotomatiki wa vocha za mafuta. Andika *tumia* na msimbo wa "
        "vocha ya mteja ili ipokelewe kituoni kwako. Andika *msaada* uone ninachoelewa, "
        "au *mtu* ili uzungumze na mhudumu."
    ),
    "greeting.staff": (
        "Habari! Mimi ni msaidizi wa kiotomatiki wa vocha za mafuta. Naweza kutafuta wateja, na "
        "kutoa, kupokea au kubatilisha vocha. Andika *msaada* uone ninachoelewa, au *mtu* "
        "ili uzungumze na mhudumu."
    ),
    "greeting.support": (
        "Habari! Mimi ni msaidizi wa kiotomatiki wa vocha za mafuta. Naweza kutafuta wateja na "
        "kubatilisha vocha. Andika *msaada* uone ninachoelewa, au *mtu* ili uzungumze na "
        "mhudumu."
    ),
    "help.customer": (
        "Unaweza kuandika hivi:\n"
        "• *vocha zangu* – ulizo nazo\n"
        "• *tumia* pamoja na msimbo au kumbukumbu, na kituo, kwa mfano "
        "_tumia V7-KQ3M-82 kituo cha Kimironko_\n"
        "• *mtu* – mhudumu atakujibu"
    ),
    "help.station": (
        "Unaweza kuandika hivi:\n"
        "• *tumia* na tarakimu 16 za msimbo – vocha inapokelewa kituoni kwako\n"
        "• *tafuta* na msimbo – vocha ni ya nani\n"
        "• *mtu* – mhudumu atakujibu"
    ),
    "help.staff": (
        "Unaweza kuandika hivi:\n"
        "• *tafuta +250788123456*\n"
        "• *tengeneza vocha ya 10000 kwa +250788123456*\n"
        "• *tumia* na msimbo, *kituo cha Kimironko*\n"
        "• *batilisha V7-KQ3M-82 kwa sababu …*\n"
        "• *mtu* – mhudumu atakujibu"
    ),
    "help.support": (
        "Unaweza kuandika hivi:\n"
        "• *tafuta +250788123456*\n"
        "• *batilisha V7-KQ3M-82 kwa sababu …*\n"
        "• *mtu* – mhudumu atakujibu"
    ),
    # Asking back
    "ask.intent": (
        "Ungependa kufanya nini? Andika kwa maneno machache, kwa mfano *vocha zangu* au "
        "*vituo*. Andika *msaada* kwa zaidi, au *mtu* ili uzungumze na mhudumu."
    ),
    "ask.one_thing": "Jambo moja kwa wakati, tafadhali: nianze na lipi?",
    "ask.amount": "Kiasi gani? Tafadhali kiandike kwa tarakimu tu, kama 10000.",
    "ask.amount_plain": (
        "Sitaki kukisia kiasi. Tafadhali andika kiasi kimoja kwa tarakimu tu, kama "
        "10000."
    ),
    "ask.number": (
        "Kwa mteja yupi? Tafadhali tuma namba yake ya simu, kama +250788123456."
    ),
    "ask.number_plain": (
        "Sitaki kukisia namba. Tafadhali tuma namba moja ya simu, kama +250788123456."
    ),
    "ask.code": "Tafadhali nitumie tarakimu 16 za msimbo wa vocha.",
    "ask.code_and_station": (
        "Tafadhali tuma msimbo wa vocha na kituo pamoja katika ujumbe mmoja."
    ),
    "ask.create": (
        "Je, nitengeneze vocha ya {amount} kwa {number}? Andika *ndiyo* au *hapana*."
    ),
    "ask.code_alone": (
        "Nifanye nini na msimbo huo? Andika *tumia* au *tafuta* pamoja na msimbo, katika "
        "ujumbe mmoja."
    ),
    "ask.voucher": "Vocha ipi? Tafadhali tuma msimbo wake au kumbukumbu yake.",
    "ask.station": "Katika kituo kipi? Tafadhali tuma jina lake.",
    "ask.reason": "Kwa nini ibatilishwe? Tafadhali niambie sababu.",
    "answer.cancelled": "Sawa. Hakuna kilichobadilishwa.",
    "answer.nothing_waits": (
        "Hakuna kinachosubiri jibu lako. Andika *msaada* uone ninachoelewa."
    ),
    "answer.press_button": (
        "Kwa usalama, tafadhali bonyeza kitufe chini ya swali langu: ndiyo au hapana "
        "ya kuandika haibadilishi kitu."
    ),
    "answer.thanks": "Karibu!",
    "answer.bye": "Kwaheri! Niandikie wakati wowote.",
    "answer.nothing_done": (
        "Sijabadilisha chochote sasa hivi. Niambie wazi nifanye nini; andika *msaada* "
        "uone mifano."
    ),
    # Fixed notices
    "kind.unsupported": (
        "Asante! Kwa sasa naweza kusoma ujumbe wa maandishi tu. Tafadhali niandikie "
        "unachohitaji, au andika *mtu* ili uzungumze na mhudumu."
    ),
    "apology": (
        "Samahani, kuna hitilafu upande wangu. Tafadhali jaribu tena baada ya dakika "
        "chache, au andika *mtu* ili uzungumze na mhudumu."
    ),
    "restricted": (
        "Samahani, siwezi kubadilisha vocha kwa sasa. Bado naweza kutafuta taarifa. "
        "Tafadhali jaribu tena baada ya dakika chache, au andika *mtu* ili uzungumze "
        "na mhudumu."
    ),
    "hand_over": (
        "Nimepeleka mazungumzo yako kwa mhudumu. Atakujibu hapa haraka iwezekanavyo."
    ),
    "colleague.queue": "Uko kwenye foleni. Mhudumu wetu atakujibu hapa haraka iwezekanavyo.",
    "colleague.writes": "*Mhudumu wetu anakuandikia:*",
    "colleague.taken": "Mhudumu wetu amejiunga na mazungumzo haya na atakujibu hapa. Msaidizi wa kompyuta amepumzika.",
    "colleague.returned": "Msaidizi wa kompyuta anakujibu tena hapa. Andika *mtu* wakati wowote unapotaka mhudumu.",
    "canned.looking": "Asante kwa kusubiri. Ninalishughulikia na nitakujibu hapa.",
    "canned.which_station": "Tafadhali niambie ulikuwa kituo gani, na lini, ili niweze kuangalia.",
    "canned.no_code": "Tafadhali usiandike msimbo wa vocha yako hapa: timu yetu haiuhitaji kamwe.",
    "canned.later": "Hili linachukua muda kidogo zaidi. Nitakujibu hapa kabla ya mwisho wa siku.",
    "canned.solved": "Tatizo limetatuliwa. Naweza kukusaidia kwa jambo lingine?",
    "flood": (
        "Umetuma ujumbe mwingi sana. Nimeuhifadhi, lakini siwezi kujibu wote. "
        "Tafadhali subiri kidogo, kisha niandikie unachohitaji katika ujumbe mmoja."
    ),
    "budget": (
        "Leo tumeandikiana mengi: nitaweza kukujibu tena kesho. Nimehifadhi ujumbe "
        "wako. Ikiwa ni ya haraka, andika *mtu* uzungumze na mtu."
    ),
    "consent.stopped": (
        "Hutapata tena ujumbe kutoka kwetu. Andika START ukiutaka tena."
    ),
    "consent.started": "Karibu tena! Utapata ujumbe wetu tena.",
    # Confirm buttons
    "confirm.create": (
        "Nitengeneze vocha ya *{amount}* kwa {name} ({msisdn})?\n"
        "Tafadhali bonyeza kitufe ndani ya dakika 10."
    ),
    "confirm.create_approval": (
        "Nitengeneze vocha ya *{amount}* kwa {name} ({msisdn})? Mtu wa pili lazima "
        "aidhinishe.\nTafadhali bonyeza kitufe ndani ya dakika 10."
    ),
    "confirm.redeem": (
        "Nitumie vocha *{reference}* ya *{amount}* katika {station}?\n"
        "Tafadhali bonyeza kitufe ndani ya dakika 10."
    ),
    "confirm.redeem_for": (
        "Nitumie vocha *{reference}* ya *{amount}* ya {name} ({msisdn}) katika {station}?\n"
        "Tafadhali bonyeza kitufe ndani ya dakika 10."
    ),
    "confirm.void": (
        "Nibatilishe vocha *{reference}* ya *{amount}* ya {name} ({msisdn})? Sababu: {reason}\n"
        "Tafadhali bonyeza kitufe ndani ya dakika 10."
    ),
    "button.confirm": "Ndiyo, thibitisha",
    "button.cancel": "Hapana, acha",
    "confirm.declined": "Sawa. Hakuna kilichobadilishwa.",
    "confirm.expired": (
        "Swali hilo limepita dakika 10, kwa hiyo hakuna kilichobadilishwa. Tafadhali "
        "niombe tena."
    ),
    "confirm.used": "Tayari umeshajibu swali hilo.",
    "confirm.replaced": (
        "Swali jipya limechukua nafasi yake; kitufe hiki hakijabadilisha kitu."
    ),
    "confirm.foreign": "Kitufe hicho si chako; hakuna kilichobadilishwa.",
    # Receipts
    "receipt.issue": (
        "✅ Vocha imetengenezwa.\nKiasi: *{amount}*\nKwa: {name} ({msisdn})\n"
        "Kumbukumbu: {reference}\nMsimbo: *{code}*\nMwisho wa matumizi: {expires}"
    ),
    "receipt.issue_without_code": (
        "✅ Vocha imetengenezwa.\nKiasi: *{amount}*\nKwa: {name} ({msisdn})\n"
        "Kumbukumbu: {reference}\nMwisho wa matumizi: {expires}\n"
        "Msimbo wake hauwezi kuonyeshwa tena."
    ),
    "receipt.not_reached": (
        "⚠️ Mteja hawezi kufikiwa kwenye WhatsApp: tafadhali mpe mwenyewe kumbukumbu na "
        "msimbo."
    ),
    "receipt.pending": (
        "⏳ Vocha {reference} ya *{amount}* kwa {name} ({msisdn}) inasubiri idhini ya "
        "mtu wa pili. Hadi hapo haina msimbo."
    ),
    "receipt.redeem": (
        "✅ Vocha {reference} ya *{amount}* imepokelewa katika {station} tarehe {at}."
    ),
    "receipt.void": (
        "✅ Vocha {reference} ya *{amount}* imebatilishwa tarehe {at}. Sababu: {reason}"
    ),
    "lookup.found": "{name}\nNamba: {msisdn}",
    "lookup.self": "Wewe ni {name}.\nNamba: {msisdn}",
    "lookup.code": (
        "Vocha {reference} ya *{amount}*: {status}\nMteja: {name} ({msisdn})"
    ),
    "lookup.unknown": "Simjui mteja mwenye namba {msisdn}.",
    "name.unknown": "mteja asiye na jina",
    "msisdn.not_written": "{msisdn}, namba ambayo hukuandika",
    "reference.not_written": "{reference}, kumbukumbu ambayo hukuandika",
    "msisdn.unknown": "hakuna namba",
    "list.header": "Vocha zako:",
    "list.line": "• {reference}: *{amount}*, {status}, mwisho {expires}",
    "list.empty": "Huna vocha yoyote.",
    "list.more": "… na nyingine {count}.",
    "status.pending_approval": "inasubiri idhini",
    "status.issued": "iko tayari kutumika",
    "status.redeemed": "imeshatumika",
    "status.void": "imebatilishwa",
    "status.expired": "imeisha muda",
    # Notices to the other side
    "notice.station": (
        "⛽ Vocha {reference} ya *{amount}* imetumiwa na mteja wake katika {station} "
        "tarehe {at}."
    ),
    "notice.issued": (
        "🎁 Una vocha mpya ya mafuta ya *{amount}*.\nKumbukumbu: {reference}\n"
        "Msimbo: *{code}*\nMwisho wa matumizi: {expires}\n"
        "Usimpe mtu msimbo huu hadi ufike kituoni."
    ),
    "notice.approved": (
        "✅ Vocha {reference} ya *{amount}* imeidhinishwa.\nMsimbo: *{code}*\n"
        "Mwisho wa matumizi: {expires}"
    ),
    "notice.declined": (
        "Vocha {reference} ya *{amount}* haikuidhinishwa. Sababu: {reason}"
    ),
    "notice.request_ended": (
        "Vocha {reference} ya *{amount}* haikuidhinishwa kwa wakati. Ombi limeisha: omba tena ikiwa bado inahitajika."
    ),
    "notice.redeemed": (
        "⛽ Vocha yako {reference} ya *{amount}* imetumika katika {station} tarehe "
        "{at}. Kama si wewe, andika *mtu*."
    ),
    "notice.voided": "Vocha yako {reference} ya *{amount}* imebatilishwa.",
    "notice.reversed": (
        "Matumizi ya vocha yako {reference} ya *{amount}* katika {station} yamefutwa. "
        "Unaweza kuitumia tena hadi {expires}."
    ),
    "notice.not_reached": (
        "{reference}: sikuweza kumfikia mteja kwenye WhatsApp: tafadhali mpe mwenyewe kumbukumbu na "
        "msimbo."
    ),
    # Refusals
    "refused.limit_exceeded": "Hicho ni zaidi ya kikomo: {limit}.",
    "limit.voucher": "vocha moja isizidi {amount}",
    "limit.issuer_daily": "unazotengeneza kwa siku moja zisizidi {amount}",
    "limit.customer_daily": "mteja mmoja kwa siku asizidi {amount}",
    "refused.not_issued": ("Hilo haliwezekani kwa vocha hiyo: {status}."),
    "refused.redeemed": "Vocha hiyo imeshatumika, tarehe {at}.",
    "refused.void": "Vocha hiyo imeshabatilishwa, tarehe {at}.",
    "refused.expired": "Vocha hiyo imeisha muda wake.",
    "refused.locked": (
        "Kumekuwa na misimbo au namba nyingi zisizo sahihi. Tafadhali subiri dakika {minutes} "
        "ujaribu tena, au andika *mtu*."
    ),
    "refused.voucher_not_found": (
        "Siipati vocha kama hiyo. Tafadhali hakiki msimbo au kumbukumbu."
    ),
    "refused.mistyped_code": (
        "Inaonekana kuna kosa katika msimbo huo. Tafadhali hakiki tarakimu zake 16 "
        "uzitume tena."
    ),
    "refused.customer_not_found": (
        "Simjui mteja mwenye namba hiyo, kwa hiyo hakuna kilichobadilishwa."
    ),
    "refused.station_not_found": (
        "Sikijui kituo hicho. Tafadhali tuma jina lake kamili au msimbo wake."
    ),
    "refused.wrong_station": ("Huwezi kupokea vocha katika kituo hicho."),
    "refused.feature_disabled": ("Hilo limezimwa kwa sasa; hakuna kilichobadilishwa."),
    "refused.rate_limited": (
        "Hayo yalikuwa mengi kwa dakika moja. Tafadhali subiri sekunde {seconds} "
        "ujaribu tena."
    ),
    "refused.forbidden": "Siwezi kukufanyia hilo; hakuna kilichobadilishwa.",
    "refused.invalid_amount": (
        "Siwezi kutumia kiasi hicho. Tafadhali andika faranga kamili kwa tarakimu tu, "
        "kama 10000."
    ),
    "refused.invalid_number": (
        "Hiyo si namba ya simu ninayoweza kutumia. Tafadhali itume hivi: +250788123456."
    ),
    "refused.invalid_currency": "Siwezi kutengeneza vocha kwa sarafu hiyo.",
    "refused.key_reused": (
        "Kuna kitu kilibadilika katika ombi hili, kwa hiyo hakuna kilichofanyika. "
        "Mhudumu ataliangalia."
    ),
    "refused.one_change": (
        "Nafanya badiliko moja kwa wakati. Tafadhali nitumie linalofuata katika ujumbe "
        "mpya."
    ),
    "refused.invalid_request": ("Sikuweza kusoma ombi hilo; hakuna kilichobadilishwa."),
    "refused.other": "Hilo limekataliwa; hakuna kilichobadilishwa.",
    # Messages that are not plain text
    "heard": "Nimesikia: “{text}”",
    "kind.voice": (
        "Samahani, sikuelewa ujumbe wa sauti. Tafadhali niandikie "
        "unachohitaji, au andika *mtu* ili uzungumze na mhudumu."
    ),
    "kind.location": (
        "Asante! Siwezi kutumia mahali kwenye ramani. Tafadhali andika jina la kituo."
    ),
    "kind.contact": (
        "Asante! Situmii kadi za mawasiliano. Tafadhali andika nambari ya "
        "simu na unachohitaji."
    ),
    "kind.order": (
        "Asante! Siwezi kupokea maagizo ya katalogi. Tafadhali niandikie "
        "unachohitaji, au andika *mtu* ili uzungumze na mhudumu."
    ),
    "kind.media": (
        "Asante! Siwezi kutazama picha, video wala faili. Tafadhali niandikie"
        " unachohitaji, au andika *mtu* ili uzungumze na mhudumu."
    ),
    "kind.number_noted": "Asante! Nimehifadhi nambari yako ya simu. Nikusaidie nini?",
    "kind.resend": (
        "Samahani, ulichotuma hakikunifikia. Tafadhali kitume tena, au kiandike."
    ),
    "kind.edited": (
        "Nilikuwa nimeshasoma ujumbe wako, kwa hiyo badiliko halina athari. "
        "Tafadhali andika tena unachohitaji."
    ),
    # The end of a conversation
    "call.broke_off": (
        "Samahani, simu yako nasi ilikatika. Kilichothibitishwa kinabaki. "
        "Piga tena, au niandikie hapa."
    ),
    "capped": (
        "Siwezi kuendelea peke yangu. Nimepeleka mazungumzo yetu kwa mhudumu. Atakujibu "
        "hapa haraka iwezekanavyo."
    ),
    "satisfaction.ask": "Je, tumeweza kukusaidia?",
    "satisfaction.thanks": "Asante kwa kutuambia! Tumefurahi.",
    "satisfaction.sorry": (
        "Asante kwa kutuambia. Samahani sana. Andika *mtu* ili uzungumze na mhudumu."
    ),
    "button.satisfied": "Ndiyo, asante",
    "button.dissatisfied": "Hapana, si sana",
}
