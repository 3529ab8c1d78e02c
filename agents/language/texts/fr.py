from __future__ import annotations

from agents.language.texts.topics import FR

TEXTS: dict[str, str] = {
    **FR,
    # Greeting and help
    "greeting.customer": (
        "Bonjour ! Je suis l'assistant automatique des bons de carburant. Je peux vous montrer vos "
        "bons et en utiliser un dans une station. Écrivez *aide* pour voir ce que je "
        "comprends, ou *humain* pour joindre une personne."
    ),
    "greeting.station": (
        "Bonjour ! Je suis l'assistant automatique des bons de carburant. Écrivez *utiliser* "
        "et le code du bon d'un client pour l'encaisser dans votre station. Écrivez *aide* pour voir "
        "ce que je comprends, ou *humain* pour joindre une personne."
    ),
    "greeting.staff": (
        "Bonjour ! Je suis l'assistant automatique des bons de carburant. Je peux rechercher des "
        "clients et créer, encaisser ou annuler des bons. Écrivez *aide* pour voir ce "
        "que je comprends, ou *humain* pour joindre une personne."
    ),
    "greeting.support": (
        "Bonjour ! Je suis l'assistant automatique des bons de carburant. Je peux rechercher des "
        "clients et annuler des bons. Écrivez *aide* pour voir ce que je comprends, ou "
        "*humain* pour joindre une personne."
    ),
    "help.customer": (
        "Voici ce que vous pouvez écrire :\n"
        "• *mes bons* – ce que vous avez\n"
        "• *utiliser* avec le code ou la référence, et la station, par exemple "
        "_utiliser V7-KQ3M-82 à Kimironko_\n"
        "• *humain* – une personne vous répondra"
    ),
    "help.station": (
        "Voici ce que vous pouvez écrire :\n"
        "• *utiliser* et les 16 chiffres du code – encaisse le bon dans votre station\n"
        "• *chercher* et le code – à qui est le bon\n"
        "• *humain* – une personne vous répondra"
    ),
    "help.staff": (
        "Voici ce que vous pouvez écrire :\n"
        "• *chercher +250788123456*\n"
        "• *créer un bon de 10000 pour +250788123456*\n"
        "• *utiliser* avec le code, et *à Kimironko*\n"
        "• *annuler V7-KQ3M-82 parce que …*\n"
        "• *humain* – une personne vous répondra"
    ),
    "help.support": (
        "Voici ce que vous pouvez écrire :\n"
        "• *chercher +250788123456*\n"
        "• *annuler V7-KQ3M-82 parce que …*\n"
        "• *humain* – une personne vous répondra"
    ),
    # Asking back
    "ask.intent": (
        "Que souhaitez-vous faire ? Écrivez-le en quelques mots, par exemple *mes bons* "
        "ou *stations*. Écrivez *aide* pour en savoir plus, ou *humain* pour joindre une "
        "personne."
    ),
    "ask.one_thing": (
        "Une chose à la fois, s'il vous plaît : que dois-je faire d'abord ?"
    ),
    "ask.amount": (
        "De quel montant ? Écrivez-le en chiffres simples, par exemple 10000."
    ),
    "ask.amount_plain": (
        "Je ne veux pas deviner le montant. Écrivez un seul montant en chiffres "
        "simples, par exemple 10000."
    ),
    "ask.number": (
        "Pour quel client ? Envoyez son numéro de téléphone, par exemple +250788123456."
    ),
    "ask.number_plain": (
        "Je ne veux pas deviner le numéro. Envoyez un seul numéro de téléphone, par "
        "exemple +250788123456."
    ),
    "ask.code": "Envoyez-moi les 16 chiffres du code du bon, s'il vous plaît.",
    "ask.code_and_station": (
        "Envoyez le code du bon et la station ensemble dans un seul message, s'il "
        "vous plaît."
    ),
    "ask.create": (
        "Dois-je créer un bon de {amount} pour le {number} ? Répondez *oui* ou *non*."
    ),
    "ask.code_alone": (
        "Que dois-je faire de ce code ? Écrivez *utiliser* ou *chercher* avec le code, "
        "dans un seul message."
    ),
    "ask.voucher": "Quel bon ? Envoyez son code ou sa référence.",
    "ask.station": "Dans quelle station ? Envoyez son nom.",
    "ask.reason": "Pourquoi faut-il l'annuler ? Indiquez-moi la raison.",
    "answer.cancelled": "Très bien. Rien n'a été modifié.",
    "answer.nothing_waits": (
        "Rien n'attend votre réponse. Écrivez *aide* pour voir ce que je comprends."
    ),
    "answer.press_button": (
        "Par sécurité, utilisez le bouton sous ma question : un oui ou un non écrit ne "
        "change rien."
    ),
    "answer.thanks": "Avec plaisir !",
    "answer.bye": "Au revoir ! Écrivez-moi quand vous voulez.",
    "answer.nothing_done": (
        "Je n'ai rien modifié à l'instant. Dites-moi simplement ce qu'il faut faire ; "
        "écrivez *aide* pour voir des exemples."
    ),
    # Fixed notices
    "kind.unsupported": (
        "Merci ! Pour le moment, je ne lis que les messages écrits. Écrivez-moi ce "
        "qu'il vous faut, ou *humain* pour joindre une personne."
    ),
    "apology": (
        "Je suis désolé, un problème est survenu de mon côté. Réessayez dans quelques "
        "minutes, ou écrivez *humain* pour joindre une personne."
    ),
    "restricted": (
        "Je suis désolé, je ne peux pas modifier de bons en ce moment. Je peux encore "
        "consulter. Réessayez dans quelques minutes, ou écrivez *humain* pour joindre "
        "une personne."
    ),
    "hand_over": (
        "J'ai transmis votre conversation à une personne. Quelqu'un vous répondra ici "
        "dès que possible."
    ),
    "colleague.queue": "Vous êtes dans la file d'attente. Une personne de notre équipe vous répondra ici dès que possible.",
    "colleague.writes": "*Une personne de notre équipe vous écrit :*",
    "colleague.taken": "Une personne de notre équipe a rejoint cette conversation et vous répondra ici. L'assistant fait une pause.",
    "colleague.returned": "L'assistant vous répond de nouveau ici. Écrivez *agent* quand vous voulez parler à une personne.",
    "canned.looking": "Merci d'avoir patienté. Je m'en occupe et je vous réponds ici.",
    "canned.which_station": "Dites-moi s'il vous plaît à quelle station vous étiez, et quand, pour que je puisse vérifier.",
    "canned.no_code": "N'écrivez pas le code de votre bon ici, s'il vous plaît : notre équipe n'en a jamais besoin.",
    "canned.later": "Cela prend un peu plus de temps. Je vous réponds ici avant la fin de la journée.",
    "canned.solved": "C'est réglé. Puis-je vous aider pour autre chose ?",
    "flood": (
        "Vous avez envoyé beaucoup de messages. Je les ai gardés, mais je ne peux pas "
        "répondre à tous. Attendez un peu, puis écrivez-moi en un seul message ce "
        "qu'il vous faut."
    ),
    "budget": (
        "C'était beaucoup pour une seule journée : je pourrai vous répondre de nouveau "
        "demain. J'ai gardé vos messages. Si c'est urgent, écrivez *agent* pour "
        "joindre une personne."
    ),
    "consent.stopped": (
        "Vous ne recevrez plus de messages de notre part. Écrivez START pour en "
        "recevoir de nouveau."
    ),
    "consent.started": "Bon retour ! Vous recevrez de nouveau nos messages.",
    # Confirm buttons
    "confirm.create": (
        "Créer un bon de *{amount}* pour {name} ({msisdn}) ?\n"
        "Appuyez sur un bouton dans les 10 minutes."
    ),
    "confirm.create_approval": (
        "Créer un bon de *{amount}* pour {name} ({msisdn}) ? Une deuxième personne "
        "devra l'approuver.\nAppuyez sur un bouton dans les 10 minutes."
    ),
    "confirm.redeem": (
        "Utiliser le bon *{reference}* de *{amount}* à {station} ?\n"
        "Appuyez sur un bouton dans les 10 minutes."
    ),
    "confirm.redeem_for": (
        "Utiliser le bon *{reference}* de *{amount}* de {name} ({msisdn}) à {station} ?\n"
        "Appuyez sur un bouton dans les 10 minutes."
    ),
    "confirm.void": (
        "Annuler le bon *{reference}* de *{amount}* de {name} ({msisdn}) ? "
        "Raison : {reason}\n"
        "Appuyez sur un bouton dans les 10 minutes."
    ),
    "button.confirm": "Oui, confirmer",
    "button.cancel": "Non, abandonner",
    "confirm.declined": "Très bien. Rien n'a été modifié.",
    "confirm.expired": (
        "Cette question date de plus de 10 minutes, donc rien n'a été modifié. "
        "Redemandez-le-moi."
    ),
    "confirm.used": "Vous avez déjà répondu à cette question.",
    "confirm.replaced": (
        "Une question plus récente l'a remplacée ; ce bouton n'a rien modifié."
    ),
    "confirm.foreign": "Ce bouton n'est pas pour vous ; rien n'a été modifié.",
    # Receipts
    "receipt.issue": (
        "✅ Bon créé.\nMontant : *{amount}*\nPour : {name} ({msisdn})\n"
        "Référence : {reference}\nCode : *{code}*\nValable jusqu'au : {expires}"
    ),
    "receipt.issue_without_code": (
        "✅ Bon créé.\nMontant : *{amount}*\nPour : {name} ({msisdn})\n"
        "Référence : {reference}\nValable jusqu'au : {expires}\n"
        "Son code ne peut plus être affiché."
    ),
    "receipt.not_reached": (
        "⚠️ Le client ne peut pas être joint sur WhatsApp. Communiquez-lui vous-même la "
        "référence et le code, s'il vous plaît."
    ),
    "receipt.pending": (
        "⏳ Le bon {reference} de *{amount}* pour {name} ({msisdn}) attend "
        "l'approbation d'une deuxième personne. D'ici là, il n'a pas de code."
    ),
    "receipt.redeem": (
        "✅ Le bon {reference} de *{amount}* a été encaissé à {station} le {at}."
    ),
    "receipt.void": (
        "✅ Le bon {reference} de *{amount}* a été annulé le {at}. Raison : {reason}"
    ),
    "lookup.found": "{name}\nNuméro : {msisdn}",
    "lookup.self": "Vous êtes {name}.\nNuméro : {msisdn}",
    "lookup.code": (
        "Bon {reference} de *{amount}* : {status}\nClient : {name} ({msisdn})"
    ),
    "lookup.unknown": "Je ne connais aucun client avec le numéro {msisdn}.",
    "name.unknown": "un client sans nom",
    "msisdn.not_written": "{msisdn}, un numéro que vous n'avez pas écrit",
    "reference.not_written": "{reference}, une référence que vous n'avez pas écrite",
    "msisdn.unknown": "pas de numéro",
    "list.header": "Vos bons :",
    "list.line": "• {reference} : *{amount}*, {status}, valable jusqu'au {expires}",
    "list.empty": "Vous n'avez aucun bon.",
    "list.more": "… et {count} de plus.",
    "status.pending_approval": "en attente d'approbation",
    "status.issued": "prêt à l'emploi",
    "status.redeemed": "déjà encaissé",
    "status.void": "annulé",
    "status.expired": "expiré",
    # Notices to the other side
    "notice.station": (
        "⛽ Le bon {reference} de *{amount}* a été utilisé par son client à {station} "
        "le {at}."
    ),
    "notice.issued": (
        "🎁 Vous avez un nouveau bon de carburant de *{amount}*.\n"
        "Référence : {reference}\nCode : *{code}*\nValable jusqu'au : {expires}\n"
        "Gardez le code pour vous jusqu'à la station."
    ),
    "notice.approved": (
        "✅ Le bon {reference} de *{amount}* a été approuvé.\nCode : *{code}*\n"
        "Valable jusqu'au : {expires}"
    ),
    "notice.declined": (
        "Le bon {reference} de *{amount}* n'a pas été approuvé. Raison : {reason}"
    ),
    "notice.request_ended": (
        "Le bon {reference} de *{amount}* n'a pas été approuvé à temps. La demande a pris fin : refaites-la si elle est encore nécessaire."
    ),
    "notice.redeemed": (
        "⛽ Votre bon {reference} de *{amount}* a été encaissé à {station} le {at}. Si "
        "ce n'était pas vous, écrivez *humain*."
    ),
    "notice.voided": "Votre bon {reference} de *{amount}* a été annulé.",
    "notice.reversed": (
        "L'utilisation de votre bon {reference} de *{amount}* à {station} a été annulée. "
        "Vous pouvez de nouveau l'utiliser jusqu'au {expires}."
    ),
    "notice.not_reached": (
        "{reference} : je n'ai pas pu joindre le client sur WhatsApp. Communiquez-lui vous-même la "
        "référence et le code, s'il vous plaît."
    ),
    # Refusals
    "refused.limit_exceeded": ("Cela dépasse la limite : {limit}."),
    "limit.voucher": ("{amount} au plus par bon"),
    "limit.issuer_daily": ("vous pouvez créer {amount} au plus par jour"),
    "limit.customer_daily": ("{amount} au plus par client et par jour"),
    "refused.not_issued": ("Ce n'est pas possible avec ce bon : il est {status}."),
    "refused.redeemed": "Ce bon a déjà été encaissé, le {at}.",
    "refused.void": "Ce bon a déjà été annulé, le {at}.",
    "refused.expired": "Ce bon a expiré.",
    "refused.locked": (
        "Il y a eu trop de codes faux, de numéros ou de références inconnus. Attendez {minutes} minutes et réessayez, ou "
        "écrivez *humain*."
    ),
    "refused.voucher_not_found": (
        "Je ne trouve pas de bon comme celui-là. Vérifiez le code ou la référence."
    ),
    "refused.mistyped_code": (
        "Il semble y avoir une faute dans ce code. Vérifiez ses 16 chiffres et "
        "renvoyez-les."
    ),
    "refused.customer_not_found": (
        "Je ne connais aucun client avec ce numéro, donc rien n'a été modifié."
    ),
    "refused.station_not_found": (
        "Je ne connais pas cette station. Envoyez son nom exact ou son code."
    ),
    "refused.wrong_station": (
        "Vous ne pouvez pas encaisser de bons dans cette station."
    ),
    "refused.feature_disabled": (
        "Cette fonction est désactivée en ce moment ; rien n'a été modifié."
    ),
    "refused.rate_limited": (
        "C'était beaucoup en une minute. Attendez {seconds} secondes et réessayez."
    ),
    "refused.forbidden": "Je ne peux pas faire cela pour vous ; rien n'a été modifié.",
    "refused.invalid_amount": (
        "Je ne peux pas utiliser ce montant. Écrivez des francs entiers en chiffres "
        "simples, par exemple 10000."
    ),
    "refused.invalid_number": (
        "Ce n'est pas un numéro de téléphone que je peux utiliser. Envoyez-le comme "
        "ceci : +250788123456."
    ),
    "refused.invalid_currency": "Je ne peux pas créer de bons dans cette monnaie.",
    "refused.key_reused": (
        "Quelque chose a changé en route dans cette demande, donc rien n'a été fait. "
        "Une personne va la regarder."
    ),
    "refused.one_change": (
        "Je fais un changement à la fois. Envoyez-moi le suivant dans un nouveau "
        "message."
    ),
    "refused.invalid_request": (
        "Je n'ai pas pu lire cette demande ; rien n'a été modifié."
    ),
    "refused.other": "Cela a été refusé ; rien n'a été modifié.",
    # Messages that are not plain text
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
    # The end of a conversation
    "call.broke_off": (
        "Désolé, votre appel a été interrompu. Ce qui a été confirmé reste valable. "
        "Rappelez-nous ou écrivez-moi ici."
    ),
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
