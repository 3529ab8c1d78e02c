"""What is said on the phone, and what is written about a call and a PIN.

A native speaker has not read these texts yet: see docs/languages.md.
"""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # The call
    "phone.greeting": (
        "Habari. Huyu ni msaidizi wa kiotomatiki wa vocha za mafuta. Yanayosemwa "
        "yanaandikwa. Bonyeza 3 kwa lugha nyingine. Nikusaidie nini?"
    ),
    "phone.language": "Tunaendelea kwa Kiswahili.",
    "phone.silence": "Bado upo?",
    "phone.unclear": "Samahani, sikuelewa. Unaweza kurudia?",
    "phone.soft_limit": "Simu hii inaweza kuendelea kwa dakika {minutes} zaidi.",
    "phone.hard_limit": (
        "Muda wa simu hii umekwisha. Unaweza kutuandikia kwenye WhatsApp. Kwaheri."
    ),
    "phone.idle_end": "Sikusikii, kwa hiyo namaliza simu. Kwaheri.",
    "phone.unclear_end": (
        "Samahani, siwezi kukusaidia kwa simu. Tafadhali tuandikie kwenye WhatsApp. "
        "Kwaheri."
    ),
    "phone.budget_end": (
        "Lazima nimalize simu hii sasa. Unaweza kutuandikia kwenye WhatsApp. Kwaheri."
    ),
    "phone.switched_off": (
        "Huduma ya simu inazimwa sasa. Tafadhali tuandikie kwenye WhatsApp, au piga "
        "tena baadaye. Kwaheri."
    ),
    "phone.goodbye": "Asante kwa kupiga simu. Kwaheri.",
    "phone.apology": (
        "Samahani, kuna tatizo upande wangu. Tafadhali tuandikie kwenye WhatsApp, au "
        "piga tena baadaye. Kwaheri."
    ),
    "phone.back": "Nimerudi baada ya mapumziko mafupi. Nikusaidie nini?",
    "phone.transfer": "Nakuunganisha na mtu. Tafadhali subiri kwenye simu.",
    "phone.transfer_failed": (
        "Sikuweza kumpata mtu sasa. Nimeandika kwamba mtu akupigie simu."
    ),
    "phone.callback": "Nimeandika kwamba mtu akupigie simu.",
    # The PIN
    "phone.pin_needed": (
        "Tafadhali ingiza PIN yako kwenye simu, kisha bonyeza alama ya reli. Usiiseme "
        "kwa sauti."
    ),
    "phone.pin_right": "Asante. Nikufanyie nini?",
    "phone.pin_wrong": (
        "PIN hiyo si sahihi. Tafadhali iingize tena. Majaribio yaliyobaki: {left}."
    ),
    "phone.pin_too_long": "Tarakimu hizo ni nyingi kuliko za PIN, na hazihesabiwi. Tafadhali ingiza PIN yako ya tarakimu 4 hadi 6, kisha bonyeza alama ya reli.",
    "phone.pin_locked": (
        "PIN zisizo sahihi zimezidi. Kwa dakika {minutes} hakuna PIN inayoweza "
        "kuingizwa. Unaweza kutuandikia kwenye WhatsApp. Kwaheri."
    ),
    "phone.button_sent": (
        "Kama namba hii inatumia huduma yetu ya WhatsApp, nimetuma ujumbe huko. Bonyeza "
        "kitufe chake ili kuendelea bila PIN."
    ),
    "phone.question_sent": "Ikiwa nambari hii inatumia huduma yetu ya WhatsApp, nimetuma swali huko pia. Unaweza kulijibu kwa kitufe kilichomo.",
    # Tools
    "phone.press": "Bonyeza 1 kwa ndiyo au 2 kwa hapana.",
    "phone.declined": "Sawa. Hakuna kilichobadilishwa.",
    "phone.question_over": (
        "Swali hilo halipo wazi tena. Hakuna kilichobadilishwa. Tafadhali niulize tena."
    ),
    "phone.last_digits": "namba inayoishia na {digits}",
    "phone.code_needed": (
        "Tafadhali ingiza tarakimu 16 za msimbo kwenye simu. Usizisome kwa sauti."
    ),
    "phone.code_entered": "Asante, nimeupata msimbo.",
    "phone.code_wrong": (
        "Huo si msimbo kamili. Tafadhali ingiza tarakimu zake 16 tena."
    ),
    "phone.slow": "Hii inachukua muda. Nitakutumia kwenye WhatsApp.",
    "phone.slow_unsent": "Hii inachukua muda zaidi ya kawaida. Tafadhali niulize tena baada ya muda mfupi.",
    "phone.receipt_sent": "Unapata hii pia kwenye WhatsApp.",
    # What the model asks when it works without OpenAI
    "phone.help": "Naweza kukuambia una vocha gani na kutumia moja kwenye kituo. Kwa hilo unaingiza PIN yako kwenye simu. Pia naweza kukuunganisha na mtu.",
    "phone.press_first": "Tafadhali jibu kwanza: 1 kwa ndiyo au 2 kwa hapana.",
    "phone.ask_intent": "Sema kwa sentensi moja ninachopaswa kufanya. Kwa mfano: nionyeshe vocha zangu.",
    "phone.help_team": "Ninaweza kutafuta wateja, na kuunda, kutumia na kufuta vocha, kulingana na ruhusa yako. Kwa hilo unaweka PIN yako kwenye vitufe.",
    "phone.ask_amount": "Kwa kiasi gani?",
    "phone.ask_number": "Kwa nambari gani ya simu? Sema tarakimu zake zote.",
    "phone.ask_station": "Katika kituo gani?",
    "phone.ask_create": "Niunde vocha ya kiasi hicho kwa nambari hiyo? Sema ndiyo au hapana.",
    # Corrections
    "phone.correction": (
        "Lazima nijisahihishe: niliyosema si ya uhakika. Sikubadilisha chochote."
    ),
    "phone.correction_shown": ("Lazima nijisahihishe. Hiki ndicho kilichohifadhiwa:"),
    "phone.correction_person": (
        "Lazima nijisahihishe: sijakuunganisha na mtu. Ukitaka hivyo, tafadhali sema."
    ),
    "phone.correction_secret": (
        "Lazima nijisahihishe: usiseme PIN au msimbo kwa sauti, hata kwangu."
    ),
    "phone.correction_end": (
        "Nimekosea tena, kwa hiyo namaliza simu hii kwa usalama. Tafadhali tuandikie "
        "kwenye WhatsApp. Kwaheri."
    ),
    # Written on WhatsApp about a call
    "phone.identify": (
        "📞 Kuna mtu anatupigia simu kwa namba yako, tangu {time}. Je, ni wewe?\n"
        "Bonyeza *Ndiyo* tu kama uko kwenye simu nasi sasa. Kitufe kinafanya kazi kwa "
        "dakika 10."
    ),
    "button.calling": "Ndiyo, ni mimi",
    "button.not_calling": "Hapana",
    "phone.identified": "Asante. Tafadhali endelea kwenye simu.",
    "phone.not_calling": (
        "Asante kwa kutuambia. Anayepiga hatasikia chochote kuhusu vocha zako."
    ),
    "phone.call_over": "Simu hiyo imekwisha. Hakuna kilichobadilishwa.",
    "phone.on_whatsapp": "📞 Kutoka kwenye simu yako:",
    # The PIN's page
    "pin.link": (
        "Chagua PIN yako ya huduma ya simu kwenye ukurasa huu:\n{link}\n"
        "Kiungo kinafanya kazi mara moja, kwa dakika 30. Usimpe mtu mwingine. Hatutaomba "
        "PIN yako kwenye mazungumzo."
    ),
    "pin.not_now": (
        "Siwezi kukutumia kiungo cha PIN sasa. Tafadhali jaribu tena baada ya saa moja, "
        "au andika *mtu* ili kumpata mtu."
    ),
    "pin.was_set": ("PIN yako ya simu imewekwa sasa hivi. Kama si wewe, andika *mtu*."),
    "pin_page.title": "PIN yako ya simu",
    "pin_page.rules": (
        "Chagua tarakimu 4 hadi 6. Haziruhusiwi, kwa kuwa ni rahisi kukisia: tarakimu "
        "zinazojirudia, zinazofuatana, mwaka, na mwisho wa namba yako."
    ),
    "pin_page.first": "PIN mpya",
    "pin_page.again": "PIN ileile tena",
    "pin_page.submit": "Hifadhi PIN",
    "pin_page.safety": (
        "Hatuombi PIN yako kwenye mazungumzo, na hakuna mfanyakazi anayeweza kuiona."
    ),
    "pin_page.done": (
        "PIN yako imehifadhiwa. Iingize kwenye simu unapotupigia. Unaweza kufunga "
        "ukurasa huu."
    ),
    "pin_page.gone": (
        "Kiungo hiki hakifanyi kazi tena. Tuandikie *PIN* kwenye WhatsApp upate kipya."
    ),
    "pin_page.impossible": (
        "Hakuna PIN inayoweza kuwekwa kwako sasa. Tuandikie kwenye WhatsApp."
    ),
    "pin_page.too_many": "Imekuwa mara nyingi. Subiri dakika kumi ujaribu tena.",
    "pin_page.shape": "PIN ina tarakimu 4 hadi 6 tu.",
    "pin_page.different": "PIN hizo mbili ni tofauti. Ingiza PIN ileile mara mbili.",
    "pin_page.repeated": (
        "PIN ya tarakimu zinazojirudia ni rahisi kukisia. Chagua nyingine."
    ),
    "pin_page.sequence": (
        "PIN ya tarakimu zinazofuatana ni rahisi kukisia. Chagua nyingine."
    ),
    "pin_page.year": "PIN inayofanana na mwaka ni rahisi kukisia. Chagua nyingine.",
    "pin_page.own_number": (
        "Mwisho wa namba yako ni rahisi kukisia. Chagua PIN nyingine."
    ),
}
