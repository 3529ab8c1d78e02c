from __future__ import annotations

from agents.language.lexicons.lexicon import Lexicon

# fmt: off
FRENCH = Lexicon(
    language="fr",
    markers=(
        "le", "la", "les", "un", "une", "des", "du", "de", "mes", "mon", "ma", "vous",
        "je", "bonjour", "bonsoir", "salut", "merci", "oui", "non", "aide", "bon", "bons",
        "pour", "svp", "créer", "creer", "crée", "utiliser", "annuler", "chercher",
        "humain", "numéro", "quel", "quelle", "avec", "est", "pas", "veux", "voudrais",
        "parler", "quelqu'un", "client", "s'il", "plaît", "et", "à",
    ),
    greet=(
        "bonjour", "slt", "bsr", "cc", "bonsoir", "salut", "coucou", "bjr", "bonjour à vous",
        "bonjour à tous", "comment allez-vous", "comment ça va", "ça va", "allô",
    ),
    thanks=(
        "merci", "merci beaucoup", "merci bien", "mille mercis", "parfait", "super", "mrc",
        "mci", "merci infiniment", "je vous remercie",
    ),
    bye=(
        "au revoir", "bonne journée", "bonne soirée", "bonne nuit", "à bientôt", "ciao",
        "à plus", "à demain",
    ),
    help=(
        "aide", "aidez-moi", "aide-moi", "à l'aide", "j'ai besoin d'aide", "au secours",
        "que peux-tu faire", "que pouvez-vous faire", "commandes",
        "que puis-je faire", "instructions", "qui êtes-vous", "aider",
    ),
    yes=(
        "oui", "ouais", "d'accord", "daccord", "bien sûr", "je confirme", "confirmer",
        "oui merci", "c'est ça", "exact", "vas-y", "allez-y", "oui s'il vous plaît",
        "ok d'accord", "oui svp", "parfaitement",
    ),
    no=(
        "non", "non merci", "annule", "annuler", "laisse tomber", "laissez tomber",
        "oublie", "oubliez", "pas maintenant", "abandonner", "surtout pas",
    ),
    person=(
        "humain", "agent", "une personne", "un humain", "un agent", "conseiller",
        "un conseiller", "opérateur", "service client", "quelqu'un", "assistance",
    ),
    person_phrases=(
        "parler à quelqu'un", "parler à une personne", "parler à un humain",
        "parler à un agent", "parler avec quelqu'un", "parler à un conseiller",
        "parler avec un agent", "parler avec une personne", "un vrai humain",
        "passez-moi", "mettez-moi en contact",
        "contacter un agent", "je veux un humain", "je veux un agent", "joindre une personne", "rappelez-moi", "appelez-moi",
    ),
    lead_ins=(
        "s'il vous plaît", "s'il te plaît", "svp", "stp", "bonjour", "bonsoir", "salut",
        "je veux", "je voudrais", "je souhaite", "j'aimerais", "je dois", "veuillez",
        "il faut", "merci de", "oui", "ok", "et", "alors", "maintenant", "d'accord",
    ),
    polite=(
        "peux-tu", "pouvez-vous", "pourriez-vous", "pourrais-tu", "tu peux",
        "vous pouvez", "puis-je", "est-ce que tu peux", "est-ce que vous pouvez",
        "est-ce que je peux", "peut-on", "pouvez vous", "pourriez vous", "peux tu",
    ),
    polite_commands=(),
    wants=(
        "je voudrais", "je veux", "j'aimerais", "je souhaite", "il me faut",
        "j'ai besoin de", "j'ai besoin d'", "nous voulons", "on veut", "donnez-moi",
        "donne-moi", "je désire",
    ),
    articles=("un", "une", "le", "nouveau", "autre", "de"),
    answers=(
        "c'est", "c'est le", "voici", "voilà", "le code est", "le numéro est",
        "le montant est", "la référence est", "code", "numéro", "montant", "pour",
        "pour le", "le", "au", "de", "à",
    ),
    fillers=(
        "pour", "le", "la", "un", "de", "d'", "du", "au", "à", "frw", "rwf", "francs",
        "svp", "stp", "client", "numéro", "montant", "bonjour", "salut", "pr",
    ),
    create=(
        "créer", "crée", "créez", "creer", "cree", "creez", "émettre", "émets", "émettez",
        "émettre", "établir", "établissez", "générer", "générez", "créons", "génère", "nouveau bon",
        "un nouveau bon",
    ),
    redeem=("encaisser", "encaisse", "encaissez", "échanger", "échangez"),
    void=("invalider", "invalidez", "révoquer", "révoquez"),
    create_weak=(
        "faire", "fais", "faites", "donner", "donne", "donnez", "envoyer", "envoie",
        "envoyez", "faisons", "établis", "préparer", "préparez", "ajouter", "ajoutez",
    ),
    redeem_weak=(
        "utiliser", "utilise", "utilisez", "dépenser", "consommer", "valider", "valide",
        "validez", "accepter", "accepte", "acceptez", "prendre", "prends",
    ),
    void_weak=(
        "annuler", "annule", "annulez", "supprimer", "supprimez", "supprime", "bloquer",
        "bloquez",
    ),
    lookup=(
        "chercher", "cherche", "cherchez", "rechercher", "recherche", "recherchez",
        "trouver", "trouve", "trouvez", "qui est", "à qui est", "vérifier", "vérifie",
        "vérifiez", "consulter", "consultez",
    ),
    who=("qui est", "à qui", "c'est qui", "qui a"),
    myself=(
        "qui suis-je", "mes informations", "mon numéro", "mon nom", "mon compte",
        "mon profil",
    ),
    list=(
        "mes bons", "mon bon", "liste", "lister", "listez", "montre mes bons",
        "montrez mes bons", "montrez-moi mes bons", "voir mes bons", "les bons", "bons",
        "liste des bons", "quels bons ai-je", "ai-je un bon", "ai-je des bons",
        "combien de bons ai-je", "mon solde", "solde", "mes vouchers", "est-ce que j'ai des bons", "est-ce que j'ai un bon",
        "j'ai des bons", "j'ai combien de bons", "quels bons", "quels sont mes bons",
        "quel est mon solde", "affichez mes bons", "affiche mes bons", "voir mon bon",
        "bons me restent", "liste de mes bons", "j'ai quels bons", "afficher mes bons",
    ),
    voucher=(
        "bon d'achat", "bons d'achat", "coupon", "bon", "bons", "bon de carburant", "bon d'essence", "ticket", "tickets",
    ),
    at=("à la station", "à", "dans la station", "chez", "station"),
    because=(
        "parce que", "parce qu'", "car", "raison", "puisque", "à cause de", "à cause d'",
        "motif", "vu que",
    ),
    questions=(
        "est-ce", "as-tu", "avez-vous", "a-t-il", "a-t-elle", "ai-je", "pourquoi",
        "quand", "comment", "combien", "où est", "quel", "quelle", "quels", "quelles",
        "qu'est-ce", "faut-il", "dois-je", "devons-nous", "est-il", "peut-il", "peut-elle", "je me demande",
    ),
    negations=(
        "ne", "n'", "pas", "jamais", "aucun", "aucune", "rien", "sans", "personne",
        "non", "surtout", "attends", "attendez", "plutôt", "arrête", "arrêtez",
        "ni", "moins", "sauf", "veut plus", "veux plus", "veulent plus", "peut plus",
        "plus besoin", "plus envie", "oublie", "oubliez", "laisse", "laissez",
    ),
    interrogatives=("pourquoi", "quand", "qui", "que", "quel", "quelle", "quels", "quelles", "comment", "combien", "où",),
    next_words=("puis", "ensuite", "d'abord", "maintenant", "aussi", "et", "plutôt", "ou", "mais", "alors",),
    past=(
        "créé", "créés", "créée", "émis", "généré", "donné", "envoyé", "utilisé",
        "encaissé", "annulé", "supprimé", "fait", "reçu", "déjà", "été", "ai", "avez",
        "avait", "était", "voulais", "demandé", "hier",
    ),
    hearsay=(
        "dit", "dis", "écrit", "si", "demain", "plus tard", "exemple", "supposons",
        "imaginons", "citation", "à moins", "jusqu'à", "chaque", "tous les clients", "moitié", "double", "fois", "plusieurs",
        "quelques", "dès que", "lorsque", "créerai", "vais", "allons", "rigole", "blague",
        "plaisante", "m'écrit", "au cas où", "tout à l'heure", "une fois", "tant que", "mdr", "ptdr", "lol", "haha", "d'habitude", "voudraient", "aimeraient",
    ),
    unsure=(
        "peut-être", "ou", "environ", "presque", "entre", "au moins", "au plus", "à peu près",
        "plus ou moins", "moins de", "plus de",
    ),
    numbers=(
        ("un", 1), ("une", 1), ("deux", 2), ("trois", 3), ("quatre", 4), ("cinq", 5),
        ("six", 6), ("sept", 7), ("huit", 8), ("neuf", 9), ("dix", 10), ("onze", 11),
        ("douze", 12), ("treize", 13), ("quatorze", 14), ("quinze", 15), ("seize", 16),
        ("vingt", 20), ("vingts", 20), ("trente", 30), ("quarante", 40),
        ("cinquante", 50), ("soixante", 60), ("septante", 70), ("octante", 80),
        ("huitante", 80), ("nonante", 90),
    ),
    multipliers=(
        ("cent", 100), ("cents", 100), ("mille", 1_000), ("million", 1_000_000),
        ("millions", 1_000_000),
    ),
    number_joins=("et",),
    unread_numbers=(
        "zéro", "douzaine", "dizaine", "centaine", "millier", "milliers", "demi",
    ),
    messages=(
        "messag", "msg", "sms", "texto", "ecri", "liste", "abonn", "inscri", "notif", "envo",
        "contact", "derang", "tranquille", "paix", "spam", "harcel",
    ),
    voided=("annulé", "annulée", "supprimé", "supprimée", "retiré", "retirée"),
    to_be=("être", "soit", "veux", "voudrais"),
)
