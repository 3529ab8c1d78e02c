"""What is said on the phone, and what is written about a call and a PIN."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # The call
    "phone.greeting": (
        "Bonjour. Ici l'assistant automatique des bons de carburant. Ce qui est dit est "
        "noté par écrit. Appuyez sur 3 pour une autre langue. Comment puis-je vous "
        "aider ?"
    ),
    "phone.language": "Nous continuons en français.",
    "phone.silence": "Êtes-vous toujours là ?",
    "phone.unclear": "Pardon, je n'ai pas compris. Pouvez-vous répéter ?",
    "phone.soft_limit": "Cet appel peut encore durer {minutes} minutes.",
    "phone.hard_limit": (
        "Le temps de cet appel est écoulé. Vous pouvez nous écrire sur WhatsApp. Au "
        "revoir."
    ),
    "phone.idle_end": "Je ne vous entends pas, je mets donc fin à l'appel. Au revoir.",
    "phone.unclear_end": (
        "Pardon, je ne peux pas vous aider au téléphone. Écrivez-nous sur WhatsApp. Au "
        "revoir."
    ),
    "phone.budget_end": (
        "Je dois mettre fin à cet appel maintenant. Vous pouvez nous écrire sur "
        "WhatsApp. Au revoir."
    ),
    "phone.switched_off": (
        "Le service téléphonique va être arrêté. Écrivez-nous sur WhatsApp, ou rappelez "
        "plus tard. Au revoir."
    ),
    "phone.goodbye": "Merci de votre appel. Au revoir.",
    "phone.apology": (
        "Pardon, un problème est survenu de mon côté. Écrivez-nous sur WhatsApp, ou "
        "rappelez plus tard. Au revoir."
    ),
    "phone.back": "Me revoici, après une courte coupure. Comment puis-je vous aider ?",
    "phone.transfer": "Je vous passe une personne. Restez en ligne, s'il vous plaît.",
    "phone.transfer_failed": (
        "Je n'ai pu joindre personne pour le moment. J'ai noté qu'une personne doit "
        "vous rappeler."
    ),
    "phone.callback": "J'ai noté qu'une personne doit vous rappeler.",
    # The PIN
    "phone.pin_needed": (
        "Entrez votre code PIN au clavier, puis appuyez sur la touche dièse. Ne le "
        "dites pas à voix haute."
    ),
    "phone.pin_right": "Merci. Que puis-je faire pour vous ?",
    "phone.pin_wrong": (
        "Ce code PIN n'est pas le bon. Entrez-le encore une fois. Essais restants : "
        "{left}."
    ),
    "phone.pin_too_long": "C'était trop long pour un code PIN, et cela ne compte pas. Entrez votre code PIN de 4 à 6 chiffres, puis appuyez sur la touche dièse.",
    "phone.pin_locked": (
        "Il y a eu trop de codes PIN faux. Pendant {minutes} minutes, aucun code PIN "
        "ne peut être entré. Vous pouvez nous écrire sur WhatsApp. Au revoir."
    ),
    "phone.button_sent": (
        "Si ce numéro utilise notre service WhatsApp, j'y ai envoyé un message. Appuyez "
        "sur son bouton pour continuer sans code PIN."
    ),
    "phone.question_sent": "Si ce numéro utilise notre service WhatsApp, j'y ai aussi envoyé la question. Vous pouvez y répondre avec le bouton.",
    # Tools
    "phone.press": "Appuyez sur 1 pour oui ou sur 2 pour non.",
    "phone.declined": "Très bien. Rien n'a été modifié.",
    "phone.question_over": (
        "Cette question n'est plus ouverte. Cette touche n'a rien modifié. "
        "Redemandez-moi, s'il vous plaît."
    ),
    "phone.last_digits": "un numéro qui finit par {digits}",
    "phone.code_needed": (
        "Entrez les 16 chiffres du code au clavier. Ne les dites pas à voix haute."
    ),
    "phone.code_entered": "Merci, j'ai le code.",
    "phone.code_wrong": (
        "Ce n'est pas un code complet. Entrez ses 16 chiffres encore une fois."
    ),
    "phone.slow": "Cela prend un moment. Je vous l'enverrai sur WhatsApp.",
    "phone.slow_unsent": "Cela prend plus de temps que d'habitude. Redemandez-moi dans un instant, s'il vous plaît.",
    "phone.receipt_sent": "Vous recevez aussi ceci sur WhatsApp.",
    # What the model asks when it works without OpenAI
    "phone.help": "Je peux vous dire quels bons vous avez et en utiliser un dans une station. Pour cela, vous entrez votre code PIN au clavier. Je peux aussi vous passer une personne.",
    "phone.press_first": "Répondez d'abord avec 1 pour oui ou 2 pour non.",
    "phone.ask_intent": "Dites en une phrase ce que je dois faire. Par exemple : mes bons.",
    "phone.help_team": "Je peux chercher des clients, et créer, utiliser et annuler des bons, selon vos droits. Pour cela, vous entrez votre code PIN sur le clavier.",
    "phone.ask_amount": "Pour quel montant ?",
    "phone.ask_number": "Pour quel numéro de téléphone ? Dites tous ses chiffres.",
    "phone.ask_station": "À quelle station ?",
    "phone.ask_create": "Dois-je créer un bon de ce montant pour ce numéro ? Dites oui ou non.",
    # Corrections
    "phone.correction": (
        "Je dois me corriger : ce que je viens de dire n'est pas certain. Je n'ai rien "
        "modifié."
    ),
    "phone.correction_shown": ("Je dois me corriger. Voici ce qui est enregistré :"),
    "phone.correction_person": (
        "Je dois me corriger : je ne vous ai pas passé une personne. Si vous le voulez, "
        "dites-le-moi."
    ),
    "phone.correction_secret": (
        "Je dois me corriger : ne dites jamais un code PIN ou un code à voix haute, à "
        "moi non plus."
    ),
    "phone.correction_end": (
        "J'ai fait une nouvelle erreur, je mets donc fin à cet appel par sécurité. "
        "Écrivez-nous sur WhatsApp. Au revoir."
    ),
    # Written on WhatsApp about a call
    "phone.identify": (
        "📞 Quelqu'un nous appelle depuis votre numéro, depuis {time}. Est-ce vous ?\n"
        "Appuyez sur *Oui* seulement si vous êtes au téléphone avec nous maintenant. Le "
        "bouton est valable 10 minutes."
    ),
    "button.calling": "Oui, c'est moi",
    "button.not_calling": "Non",
    "phone.identified": "Merci. Continuez au téléphone, s'il vous plaît.",
    "phone.not_calling": (
        "Merci de nous l'avoir dit. Cette personne n'apprendra rien sur vos bons."
    ),
    "phone.call_over": "Cet appel est terminé. Rien n'a été modifié.",
    "phone.on_whatsapp": "📞 De votre appel téléphonique :",
    # The PIN's page
    "pin.link": (
        "Choisissez votre code PIN pour notre service téléphonique sur cette page :\n"
        "{link}\nLe lien fonctionne une fois, pendant 30 minutes. Ne le transmettez à "
        "personne. Nous ne demanderons jamais votre code PIN dans une discussion."
    ),
    "pin.not_now": (
        "Je ne peux pas vous envoyer de lien pour un code PIN maintenant. Réessayez "
        "dans une heure, ou écrivez *humain* pour joindre une personne."
    ),
    "pin.was_set": (
        "Votre code PIN pour le téléphone vient d'être défini. Si ce n'était pas vous, "
        "écrivez *humain*."
    ),
    "pin_page.title": "Votre code PIN pour le téléphone",
    "pin_page.rules": (
        "Choisissez 4 à 6 chiffres. Interdits, car faciles à deviner : chiffres "
        "répétés, chiffres qui se suivent, une année, et la fin de votre numéro."
    ),
    "pin_page.first": "Nouveau code PIN",
    "pin_page.again": "Le même code PIN encore une fois",
    "pin_page.submit": "Enregistrer le code PIN",
    "pin_page.safety": (
        "Nous ne demandons jamais votre code PIN dans une discussion, et aucun collègue "
        "ne peut le voir."
    ),
    "pin_page.done": (
        "Votre code PIN est enregistré. Entrez-le au clavier quand vous nous appelez. "
        "Vous pouvez fermer cette page."
    ),
    "pin_page.gone": (
        "Ce lien n'est plus valable. Écrivez-nous *PIN* sur WhatsApp pour en recevoir "
        "un nouveau."
    ),
    "pin_page.impossible": (
        "Aucun code PIN ne peut être défini pour vous maintenant. Écrivez-nous sur "
        "WhatsApp."
    ),
    "pin_page.too_many": "C'était trop souvent. Attendez dix minutes et réessayez.",
    "pin_page.shape": "Un code PIN a 4 à 6 chiffres et rien d'autre.",
    "pin_page.different": (
        "Les deux codes PIN sont différents. Entrez deux fois le même."
    ),
    "pin_page.repeated": (
        "Un code PIN de chiffres répétés est facile à deviner. Choisissez-en un autre."
    ),
    "pin_page.sequence": (
        "Un code PIN de chiffres qui se suivent est facile à deviner. Choisissez-en un "
        "autre."
    ),
    "pin_page.year": (
        "Un code PIN qui ressemble à une année est facile à deviner. Choisissez-en un "
        "autre."
    ),
    "pin_page.own_number": (
        "La fin de votre propre numéro est facile à deviner. Choisissez un autre code "
        "PIN."
    ),
}
