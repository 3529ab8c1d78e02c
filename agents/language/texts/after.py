"""What is said when a conversation is over, or may go on no longer by itself."""

from __future__ import annotations

EN = {
    "capped": (
        "I cannot go on with this by myself. I have passed our conversation to a "
        "person, who will answer you here as soon as possible."
    ),
    "satisfaction.ask": "Were we able to help you?",
    "satisfaction.thanks": "Thank you for telling us! We are glad.",
    "satisfaction.sorry": (
        "Thank you for telling us. We are sorry. Write *agent* to reach a person."
    ),
    "button.satisfied": "Yes, thank you",
    "button.dissatisfied": "No, not really",
}
FR = {
    "capped": (
        "Je ne peux pas continuer tout seul. J'ai transmis notre conversation à une "
        "personne, qui vous répondra ici dès que possible."
    ),
    "satisfaction.ask": "Avons-nous pu vous aider ?",
    "satisfaction.thanks": "Merci de nous l'avoir dit ! Nous en sommes ravis.",
    "satisfaction.sorry": (
        "Merci de nous l'avoir dit. Nous sommes désolés. Écrivez *humain* pour joindre "
        "une personne."
    ),
    "button.satisfied": "Oui, merci",
    "button.dissatisfied": "Non, pas vraiment",
}
RW = {
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
SW = {
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
TEXTS = {"en": EN, "fr": FR, "rw": RW, "sw": SW}
