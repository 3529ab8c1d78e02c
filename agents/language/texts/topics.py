"""Answers to everyday questions, and questions that show what was understood.

Kinyarwanda and Swahili need a native reader. A button's title holds 20 characters and is
understood when it is typed.
"""

from __future__ import annotations

EN: dict[str, str] = {
    "ask.intent_with": (
        "I read: {values}. What shall I do with it? Write it in a few words, or *agent* "
        "for a person."
    ),
    "ask.choice": "Is it one of these? If not, write *agent* and a person will help you.",
    "ask.number_of": (
        "A voucher of {amount}. For which number? Please send it like +250788123456."
    ),
    "ask.amount_for": (
        "A voucher for {number}. Of which amount? For example 10000 or 10k."
    ),
    "ask.station_for": "Voucher {reference}. At which station? Please send its name.",
    "ask.reason_for": "Voucher {reference} is to be voided. For what reason?",
    "ask.stop": (
        "Do you want no more messages from us? Press the button, or write *STOP*."
    ),
    "ask.start": "Do you want our messages again? Press the button, or write *START*.",
    "answer.off_topic": (
        "I can only help with fuel vouchers; write *help* to see what I can do."
    ),
    "answer.hours": (
        "Each station has its own opening hours, and I do not have them yet. Ask at the "
        "station, or write *agent* and a person will tell you."
    ),
    "answer.how_it_works": (
        "A fuel voucher is money for fuel. You get a code of 16 digits by WhatsApp. At a "
        "station of the programme, show the code before you fuel; the whole amount is "
        "used at once, and you pay nothing more for it. Keep the code to yourself. "
        "Write *my vouchers* to see yours, or *stations* to see where."
    ),
    "answer.validity": (
        "A voucher can be used until the end of the day that its message names, {days} "
        "days after it was created. Write *my vouchers* to see the dates of yours."
    ),
    "answer.number_changed": (
        "A person has to check a change of number, so that no other person takes your vouchers. "
        "I have passed your conversation on; please have your old number ready."
    ),
    "stations.header": "You can use a voucher at these stations:",
    "stations.line": "• {station}",
    "stations.more": "… and {count} more. Name a town, and I show those there.",
    "stations.none": "I know no station there. These are our stations:",
    "stations.empty": (
        "No stations are listed yet. Write *agent* and a person will tell you."
    ),
    "confirm.resend": (
        "Send you a new code for voucher *{reference}* of *{amount}*? The old code then "
        "no longer works.\nPlease press a button within 10 minutes."
    ),
    "receipt.resend": (
        "✅ New code of voucher {reference} of *{amount}*: *{code}*\nThe old code no "
        "longer works. Keep the new one to yourself until you are at the station."
    ),
    "receipt.resend_without_code": (
        "✅ Voucher {reference} of *{amount}* got a new code. It can no longer be shown."
    ),
    "refused.resend_limit": (
        "You have had three new codes today. Please try again tomorrow, or write *agent*."
    ),
    "refused.unverified": (
        "I cannot be sure that this number is yours, so I send no code. A person will "
        "help you: write *agent*."
    ),
    "refused.no_usable_voucher": "You have no voucher that can be used now.",
    "choice.create": "Create a voucher",
    "choice.redeem": "Redeem a voucher",
    "choice.void": "Void a voucher",
    "choice.lookup": "Look up a customer",
    "choice.list": "My vouchers",
    "choice.where": "Where can I use it?",
    "choice.hours": "Opening hours",
    "choice.validity": "When does it expire?",
    "choice.how": "How does it work?",
    "choice.resend": "Send my code again",
    "choice.help": "Help",
    "choice.person": "Agent",
    "choice.stop": "STOP",
    "choice.start": "START",
}
FR: dict[str, str] = {
    "ask.intent_with": (
        "Je lis : {values}. Que dois-je en faire ? Écrivez-le en quelques mots, ou "
        "*humain* pour parler à une personne."
    ),
    "ask.choice": "Est-ce l'un des deux ? Sinon, écrivez *humain* et une personne vous aidera.",
    "ask.number_of": (
        "Un bon de {amount}. Pour quel numéro ? Envoyez-le comme +250788123456."
    ),
    "ask.amount_for": (
        "Un bon pour le {number}. De quel montant ? Par exemple 10000 ou 10k."
    ),
    "ask.station_for": "Bon {reference}. Dans quelle station ? Envoyez son nom.",
    "ask.reason_for": "Le bon {reference} est à annuler. Pour quelle raison ?",
    "ask.stop": (
        "Ne voulez-vous plus de messages de notre part ? Appuyez sur le bouton, ou "
        "écrivez *STOP*."
    ),
    "ask.start": (
        "Voulez-vous de nouveau nos messages ? Appuyez sur le bouton, ou écrivez *START*."
    ),
    "answer.off_topic": (
        "Je ne peux aider que pour les bons de carburant ; écrivez *aide* pour voir ce "
        "que je sais faire."
    ),
    "answer.hours": (
        "Chaque station a ses propres horaires, et je ne les ai pas encore. Demandez à "
        "la station, ou écrivez *humain* et une personne vous répondra."
    ),
    "answer.how_it_works": (
        "Un bon de carburant est de l'argent pour du carburant. Vous recevez un code de "
        "16 chiffres par WhatsApp. Dans une station du programme, montrez le code avant "
        "de faire le plein ; tout le montant est utilisé en une fois, et vous ne payez "
        "rien de plus. Gardez le code pour vous. Écrivez *mes bons* pour voir les vôtres, "
        "ou *stations* pour savoir où."
    ),
    "answer.validity": (
        "Un bon est utilisable jusqu'à la fin du jour indiqué dans son message, {days} "
        "jours après sa création. Écrivez *mes bons* pour voir vos dates."
    ),
    "answer.number_changed": (
        "Une personne doit vérifier un changement de numéro, pour que personne ne prenne "
        "vos bons. J'ai transmis votre conversation ; préparez votre ancien numéro."
    ),
    "stations.header": "Vous pouvez utiliser un bon dans ces stations :",
    "stations.line": "• {station}",
    "stations.more": "… et {count} de plus. Nommez une ville, et je montre celles-là.",
    "stations.none": "Je ne connais pas de station là-bas. Voici nos stations :",
    "stations.empty": (
        "Aucune station n'est encore indiquée. Écrivez *humain* et une personne vous "
        "répondra."
    ),
    "confirm.resend": (
        "Vous envoyer un nouveau code pour le bon *{reference}* de *{amount}* ? L'ancien "
        "code ne marchera plus.\nAppuyez sur un bouton dans les 10 minutes."
    ),
    "receipt.resend": (
        "✅ Nouveau code du bon {reference} de *{amount}* : *{code}*\nL'ancien code ne "
        "marche plus. Gardez le nouveau pour vous jusqu'à la station."
    ),
    "receipt.resend_without_code": (
        "✅ Le bon {reference} de *{amount}* a un nouveau code. Il ne peut plus être "
        "montré."
    ),
    "refused.resend_limit": (
        "Vous avez reçu trois nouveaux codes aujourd'hui. Réessayez demain, ou écrivez "
        "*humain*."
    ),
    "refused.unverified": (
        "Je ne peux pas être sûr que ce numéro est le vôtre, donc je n'envoie pas de "
        "code. Une personne vous aidera : écrivez *humain*."
    ),
    "refused.no_usable_voucher": "Vous n'avez pas de bon utilisable maintenant.",
    "choice.create": "Créer un bon",
    "choice.redeem": "Utiliser un bon",
    "choice.void": "Annuler un bon",
    "choice.lookup": "Chercher un client",
    "choice.list": "Mes bons",
    "choice.where": "Où l'utiliser ?",
    "choice.hours": "Heures d'ouverture",
    "choice.validity": "Quand expire-t-il ?",
    "choice.how": "Comment ça marche ?",
    "choice.resend": "Renvoyer mon code",
    "choice.help": "Aide",
    "choice.person": "Agent",
    "choice.stop": "STOP",
    "choice.start": "START",
}
RW: dict[str, str] = {
    "ask.intent_with": (
        "Nsomye: {values}. Nkore iki nabyo? Byandike mu magambo make, cyangwa *umuntu* "
        "niba ushaka umuntu."
    ),
    "ask.choice": "Ni kimwe muri ibi? Niba atari cyo, andika *umuntu*, umuntu agufashe.",
    "ask.number_of": (
        "Voucher ya {amount}. Ni kuri iyihe nimero? Yohereze nka +250788123456."
    ),
    "ask.amount_for": (
        "Voucher ya nimero {number}. Ni amafaranga angahe? Urugero 10000 cyangwa 10k."
    ),
    "ask.station_for": "Voucher {reference}. Ni kuri sitasiyo iyihe? Ohereza izina ryayo.",
    "ask.reason_for": "Voucher {reference} igiye guseswa. Impamvu ni iyihe?",
    "ask.stop": (
        "Ntushaka kongera kubona ubutumwa bwacu? Kanda buto, cyangwa wandike *STOP*."
    ),
    "ask.start": "Urashaka ubutumwa bwacu nanone? Kanda buto, cyangwa wandike *START*.",
    "answer.off_topic": (
        "Nshobora gufasha ku bijyanye na voucher za lisansi gusa; andika *ubufasha* "
        "urebe icyo nshobora gukora."
    ),
    "answer.hours": (
        "Buri sitasiyo igira amasaha yayo, kandi sindayamenya. Baza kuri sitasiyo, "
        "cyangwa wandike *umuntu*, umuntu ayakubwire."
    ),
    "answer.how_it_works": (
        "Voucher ya lisansi ni amafaranga yo kugura lisansi. Ubona kode y'imibare 16 kuri "
        "WhatsApp. Kuri sitasiyo iri muri gahunda, erekana kode mbere yo gufata lisansi; "
        "amafaranga yose akoreshwa icyarimwe, nta kindi wishyura. Kode yigumanire "
        "wenyine. Andika *voucher zanjye* urebe izawe, cyangwa *sitasiyo* umenye aho "
        "uyikoresha."
    ),
    "answer.validity": (
        "Voucher ikoreshwa kugeza umunsi wanditse mu butumwa bwayo urangiye, iminsi "
        "{days} nyuma yo gukorwa. Andika *voucher zanjye* urebe amatariki y'izawe."
    ),
    "answer.number_changed": (
        "Umuntu agomba kugenzura ihinduka rya nimero, kugira ngo hatagira utwara voucher "
        "zawe. Ikiganiro cyawe nagihaye umuntu; tegura nimero yawe ya kera."
    ),
    "stations.header": "Voucher wayikoresha kuri izi sitasiyo:",
    "stations.line": "• {station}",
    "stations.more": "… n'izindi {count}. Vuga umujyi, nkwereke izihari.",
    "stations.none": "Nta sitasiyo nzi hariya. Izi ni zo sitasiyo zacu:",
    "stations.empty": ("Nta sitasiyo zirandikwa. Andika *umuntu*, umuntu azikubwire."),
    "confirm.resend": (
        "Nkoherereze kode nshya ya voucher *{reference}* ya *{amount}*? Kode ya kera "
        "izahita ireka gukora.\nKanda buto mu minota 10."
    ),
    "receipt.resend": (
        "✅ Kode nshya ya voucher {reference} ya *{amount}*: *{code}*\nKode ya kera "
        "ntigikora. Inshya yigumanire kugeza ugeze kuri sitasiyo."
    ),
    "receipt.resend_without_code": (
        "✅ Voucher {reference} ya *{amount}* yahawe kode nshya. Ntigishobora kwerekanwa."
    ),
    "refused.resend_limit": (
        "Wabonye kode nshya eshatu uyu munsi. Ongera ejo, cyangwa wandike *umuntu*."
    ),
    "refused.unverified": (
        "Sinshobora kwemeza ko iyi nimero ari iyawe, nta kode nohereje. Umuntu "
        "aragufasha: andika *umuntu*."
    ),
    "refused.no_usable_voucher": "Nta voucher ufite yakoreshwa ubu.",
    "choice.create": "Kora voucher",
    "choice.redeem": "Koresha voucher",
    "choice.void": "Siba voucher",
    "choice.lookup": "Shaka umukiriya",
    "choice.list": "Voucher zanjye",
    "choice.where": "Nayikoresha he?",
    "choice.hours": "Amasaha yo gukora",
    "choice.validity": "Izarangira ryari?",
    "choice.how": "Bikora bite?",
    "choice.resend": "Ongera wohereze code",
    "choice.help": "Ubufasha",
    "choice.person": "Agent",
    "choice.stop": "STOP",
    "choice.start": "START",
}
SW: dict[str, str] = {
    "ask.intent_with": (
        "Nimesoma: {values}. Nifanye nini nayo? Andika kwa maneno machache, au *mtu* "
        "upate mtu."
    ),
    "ask.choice": "Je, ni mojawapo ya haya? La sivyo, andika *mtu*, mtu atakusaidia.",
    "ask.number_of": (
        "Vocha ya {amount}. Kwa namba gani? Tafadhali itume kama +250788123456."
    ),
    "ask.amount_for": (
        "Vocha ya namba {number}. Ya kiasi gani? Kwa mfano 10000 au 10k."
    ),
    "ask.station_for": "Vocha {reference}. Katika kituo kipi? Tafadhali tuma jina lake.",
    "ask.reason_for": "Vocha {reference} itabatilishwa. Kwa sababu gani?",
    "ask.stop": ("Je, hutaki tena ujumbe wetu? Bonyeza kitufe, au andika *STOP*."),
    "ask.start": "Je, unataka tena ujumbe wetu? Bonyeza kitufe, au andika *START*.",
    "answer.off_topic": (
        "Ninaweza kusaidia kuhusu vocha za mafuta tu; andika *msaada* uone ninachoweza."
    ),
    "answer.hours": (
        "Kila kituo kina saa zake za kazi, na bado sina saa hizo. Uliza kituoni, au "
        "andika *mtu*, mtu atakuambia."
    ),
    "answer.how_it_works": (
        "Vocha ya mafuta ni pesa ya mafuta. Unapata msimbo wa tarakimu 16 kwa WhatsApp. "
        "Katika kituo cha mpango huu, onyesha msimbo kabla ya kujaza; kiasi chote "
        "hutumika mara moja, na hulipi zaidi. Msimbo ni siri yako. Andika *vocha zangu* "
        "uone zako, au *vituo* ujue wapi."
    ),
    "answer.validity": (
        "Vocha inatumika hadi mwisho wa siku iliyotajwa kwenye ujumbe wake, siku {days} "
        "baada ya kutengenezwa. Andika *vocha zangu* uone tarehe za zako."
    ),
    "answer.number_changed": (
        "Mtu lazima akague mabadiliko ya namba, ili mtu mwingine asichukue vocha zako. "
        "Nimepitisha mazungumzo yako; andaa namba yako ya zamani."
    ),
    "stations.header": "Unaweza kutumia vocha katika vituo hivi:",
    "stations.line": "• {station}",
    "stations.more": "… na vingine {count}. Taja mji, nami nitaonyesha vya huko.",
    "stations.none": "Sijui kituo huko. Hivi ndivyo vituo vyetu:",
    "stations.empty": (
        "Bado hakuna vituo vilivyoorodheshwa. Andika *mtu*, mtu atakuambia."
    ),
    "confirm.resend": (
        "Nikutumie msimbo mpya wa vocha *{reference}* ya *{amount}*? Msimbo wa zamani "
        "hautafanya kazi tena.\nTafadhali bonyeza kitufe ndani ya dakika 10."
    ),
    "receipt.resend": (
        "✅ Msimbo mpya wa vocha {reference} ya *{amount}*: *{code}*\nWa zamani haufanyi "
        "kazi tena. Utunze mpya hadi ufike kituoni."
    ),
    "receipt.resend_without_code": (
        "✅ Vocha {reference} ya *{amount}* imepata msimbo mpya. Hauwezi kuonyeshwa tena."
    ),
    "refused.resend_limit": (
        "Umepata misimbo mipya mitatu leo. Jaribu tena kesho, au andika *mtu*."
    ),
    "refused.unverified": (
        "Siwezi kuwa na hakika kwamba namba hii ni yako, kwa hiyo situmi msimbo. Mtu "
        "atakusaidia: andika *mtu*."
    ),
    "refused.no_usable_voucher": "Huna vocha inayoweza kutumika sasa.",
    "choice.create": "Tengeneza vocha",
    "choice.redeem": "Tumia vocha",
    "choice.void": "Futa vocha",
    "choice.lookup": "Tafuta mteja",
    "choice.list": "Vocha zangu",
    "choice.where": "Naitumia wapi?",
    "choice.hours": "Saa za kazi",
    "choice.validity": "Inaisha lini?",
    "choice.how": "Inafanyaje kazi?",
    "choice.resend": "Nitumie code tena",
    "choice.help": "Msaada",
    "choice.person": "Agent",
    "choice.stop": "STOP",
    "choice.start": "START",
}
