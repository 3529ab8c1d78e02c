from __future__ import annotations

from agents.runtime.offline.lexicon import Lexicon

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
        "bonjour", "bonsoir", "salut", "coucou", "bjr", "bonjour à vous", "bonne journée",
        "bonjour à tous", "comment allez-vous", "comment ça va", "ça va", "allô",
    ),
    thanks=("merci", "merci beaucoup", "merci bien", "mille mercis", "parfait", "super"),
    help=(
        "aide", "aidez-moi", "aide-moi", "à l'aide", "j'ai besoin d'aide", "au secours",
        "que peux-tu faire", "que pouvez-vous faire", "comment ça marche", "commandes",
        "que puis-je faire", "instructions", "qui êtes-vous", "aider",
    ),
    yes=(
        "oui", "ouais", "d'accord", "daccord", "bien sûr", "je confirme", "confirmer",
        "oui merci", "c'est ça", "exact", "vas-y", "allez-y", "oui s'il vous plaît",
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
        "je veux un humain", "je veux un agent", "joindre une personne", "rappelez-moi",
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
    create=(
        "créer", "crée", "créez", "creer", "cree", "creez", "émettre", "émets", "émettez",
        "émettre", "établir", "établissez", "générer", "générez", "génère", "nouveau bon",
        "un nouveau bon",
    ),
    redeem=("encaisser", "encaisse", "encaissez", "échanger", "échangez"),
    void=("invalider", "invalidez", "révoquer", "révoquez"),
    create_weak=(
        "faire", "fais", "faites", "donner", "donne", "donnez", "envoyer", "envoie",
        "envoyez", "préparer", "préparez", "ajouter", "ajoutez",
    ),
    redeem_weak=("utiliser", "utilise", "utilisez", "dépenser", "consommer", "valider"),
    void_weak=(
        "annuler", "annule", "annulez", "supprimer", "supprimez", "supprime", "bloquer",
        "bloquez",
    ),
    lookup=(
        "chercher", "cherche", "cherchez", "rechercher", "recherche", "recherchez",
        "trouver", "trouve", "trouvez", "qui est", "à qui est", "vérifier", "vérifie",
        "vérifiez", "consulter", "consultez",
    ),
    list=(
        "mes bons", "mon bon", "liste", "lister", "listez", "montre mes bons",
        "montrez mes bons", "montrez-moi mes bons", "voir mes bons", "les bons", "bons",
        "liste des bons", "quels bons ai-je", "ai-je un bon", "ai-je des bons",
        "combien de bons ai-je", "mon solde", "solde", "mes vouchers", "afficher mes bons",
    ),
    voucher=("bon", "bons", "bon de carburant", "bon d'essence", "ticket", "tickets"),
    at=("à la station", "à", "dans la station", "chez", "station"),
    because=("parce que", "parce qu'", "car", "raison", "puisque", "à cause de", "motif"),
    questions=(
        "est-ce", "as-tu", "avez-vous", "a-t-il", "a-t-elle", "ai-je", "pourquoi",
        "quand", "comment", "combien", "où", "quel", "quelle", "quels", "quelles",
        "qu'est-ce", "faut-il", "dois-je", "devons-nous", "est-il",
    ),
    negations=(
        "ne", "n'", "pas", "jamais", "aucun", "aucune", "rien", "sans", "personne",
        "non", "surtout", "attends", "attendez", "plutôt", "arrête", "arrêtez",
        "ni", "moins", "sauf", "oublie", "oubliez",
    ),
    past=(
        "créé", "créés", "créée", "émis", "généré", "donné", "envoyé", "utilisé",
        "encaissé", "annulé", "supprimé", "fait", "reçu", "déjà", "été", "ai", "avez",
        "avait", "était", "voulais", "demandé", "hier",
    ),
    hearsay=(
        "dit", "dis", "écrit", "si", "demain", "plus tard", "exemple", "supposons",
        "imaginons", "citation", "à moins", "jusqu'à", "peut-être", "ou", "chaque",
        "tous les clients", "environ", "presque", "entre", "moitié", "double", "fois",
        "plusieurs", "quelques", "au moins", "au plus",
    ),
    unread_numbers=(
        "deux", "trois", "quatre", "cinq", "sept", "huit", "dix",
        "vingt", "trente", "quarante", "cinquante", "soixante", "cent", "cents", "mille",
        "million", "millions", "douzaine", "quinze", "zéro", "onze", "douze", "treize",
    ),
)
