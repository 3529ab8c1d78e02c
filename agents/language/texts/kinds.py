"""What is said about messages that are no plain words, in the four languages."""

from __future__ import annotations

EN = {
    "heard": "I heard: “{text}”",
    "kind.voice": (
        "Sorry, I could not understand the voice note. Please write to me "
        "what you need, or *agent* for a person."
    ),
    "kind.location": (
        "Thank you! I cannot use a place on the map. Please write the name of"
        " the station."
    ),
    "kind.contact": (
        "Thank you! I do not act on a contact card. Please write the phone "
        "number itself, and what you need."
    ),
    "kind.order": (
        "Thank you! I cannot take orders from a catalogue. Please write to me"
        " what you need, or *agent* for a person."
    ),
    "kind.media": (
        "Thank you! I cannot look at pictures, films or files. Please write "
        "to me what you need, or *agent* for a person."
    ),
    "kind.number_noted": "Thank you! I have noted your phone number. How can I help you?",
    "kind.resend": (
        "Sorry, what you sent did not reach me. Please send it again, or write it."
    ),
    "kind.edited": (
        "I had already read your message, so the change has no effect. Please"
        " write again what you need."
    ),
}
FR = {
    "heard": "J'ai entendu : « {text} »",
    "kind.voice": (
        "Désolé, je n'ai pas compris le message vocal. Écrivez-moi ce qu'il "
        "vous faut, ou *humain* pour joindre une personne."
    ),
    "kind.location": (
        "Merci ! Je ne peux pas utiliser un lieu sur la carte. Écrivez le nom"
        " de la station."
    ),
    "kind.contact": (
        "Merci ! Je ne me sers pas des fiches de contact. Écrivez le numéro "
        "de téléphone et ce qu'il vous faut."
    ),
    "kind.order": (
        "Merci ! Je ne prends pas de commandes du catalogue. Écrivez-moi ce "
        "qu'il vous faut, ou *humain* pour joindre une personne."
    ),
    "kind.media": (
        "Merci ! Je ne peux pas regarder les images, les vidéos ni les "
        "fichiers. Écrivez-moi ce qu'il vous faut, ou *humain* pour joindre "
        "une personne."
    ),
    "kind.number_noted": (
        "Merci ! J'ai noté votre numéro de téléphone. Comment puis-je vous aider ?"
    ),
    "kind.resend": (
        "Désolé, ce que vous avez envoyé ne m'est pas parvenu. Renvoyez-le, "
        "ou écrivez-le."
    ),
    "kind.edited": (
        "J'avais déjà lu votre message : la modification n'a pas d'effet. "
        "Écrivez à nouveau ce qu'il vous faut."
    ),
}
RW = {
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
}
SW = {
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
}
TEXTS = {"en": EN, "fr": FR, "rw": RW, "sw": SW}
