"""Classes of words in English, French, Kinyarwanda and Swahili, without accents.

A class tells what an unknown sentence shares with the known ones: "the chief nodded" and
"the manager agreed" are both an authority and a past verb.
"""

from __future__ import annotations

import re
from functools import lru_cache

SW = r"(?:ni|u|a|tu|m|wa|i|li|ya|ki|vi|zi|ku|pa)"
CLASSES: tuple[tuple[str, str], ...] = (
    ("VALUE", r"vouchers?|bons?|vo[ck]ha|voca|inyemezabuguzi|fuel|petrol|gas|diesel"
              r"|carburant|essence|lisansi|mazutu|mafuta|lit(?:er|re|a|iro)s?|amount"
              r"|montant|amafaranga|kiasi|pesa|money|cash|argent|credit|balance|solde"
              r"|salio|accounts?|compte|konti|akaunti|refund|payment|paiement|malipo"
              r"|requests?|demande|maombi|ombi|ubusabe|orders?|commande|transaction"
              r"|muamala|limit|plafond|code|kode|msimbo|tank|reservoir|plein|tanki"
              r"|francs?|faranga|rwf|frw|approval|approbation|idhini|card|carte|top"),
    ("WHO", r"managers?|boss|chiefs?|chef|patron|responsable|directeur|directrice"
            r"|direction|director|supervisor|superviseur|finance|management|office"
            r"|bureau|stations?|system|systeme|attendant|pompiste|caissier|cashier"
            r"|meneja|bosi|mkuu|msimamizi|umuyobozi|sisitemu|mfumo|kituo|sitasiyo"
            r"|colleague|collegue|team|equipe|owner|driver|chauffeur|customer|client"
            r"|umukiriya|mteja|mhudumu|umukozi|headquarters|accounting|comptabilite"
            r"|she|he|they|elle|il|ils|somebody|someone|quelqu|aline"),
    ("CAN", r"can|could|may|might|must|should|would|able|allowed|cannot|peut|peux"
            r"|pouvez|pouvons|peuvent|pourrai[st]?|pourriez|doit|dois|devez|doivent"
            r"|puis|[nu]+[a-z]?shobora|[a-z]{1,4}shobora(?:ga)?|[a-z]{1,3}gomba"
            r"|[a-z]{1,4}weza|lazima"),
    ("NOT", r"not|no|never|nothing|none|don|doesn|didn|isn|wasn|hasn|haven|won|ne|n"
            r"|pas|jamais|rien|aucune?|plus|nta|ntabwo|nti[a-z]+|si|hapana|hakuna"
            r"|kamwe|bila|hakuna|sio"),
    ("WH", r"what|which|who|whom|whose|how|where|when|why|quel(?:le)?s?|qui|combien"
           r"|comment|ou|quand|pourquoi|lequel|iki|nde|he|ryari|angahe|[a-z]{1,3}ngahe"
           r"|[a-z]{1,4}yihe|kuki|nini|nani|wapi|lini|gani|vipi|ngapi|ipi|upi"),
    ("DO", r"do|does|did|are|is|was|were|has|have|had|est|sont|avez|a|ont|etes|je|ese"),
    ("ASK", r"please|send|write|tell|give|type|press|tap|choose|check|try|repeat|ask"
            r"|call|contact|let|use|answer|say|explain|wait|talk|veuillez|merci"
            r"|envoye[rz]|ecrivez|ecrire|dites|donnez|appuyez|choisissez|verifiez"
            r"|essayez|repetez|demandez|indiquez|contactez|attendez|repondez|precisez"
            r"|ohereza|andika|mbwira|nyandikira|mpa|kanda|hitamo|suzuma|gerageza"
            r"|subiza|ongera|reba|baza|tuma|niambie|nipe|bonyeza|chagua|angalia|jaribu"
            r"|rudia|jibu|muulize|uliza|tafadhali|naomba|subiri|nkeneye|nahitaji|need"),
    ("IF", r"if|once|when|unless|before|after|to|for|until|si|quand|lorsque|avant"
           r"|apres|pour|afin|niba|iyo|mbere|kugira|kama|ikiwa|uki[a-z]+|ili|kabla"),
    ("ANY", r"an?|any|every|each|only|all|un|une|chaque|tout|tous|seul|seuls"
            r"|seulement|buri|gusa|onyine|bonyine|kila|tu|pekee"),
    ("I", r"i|we|m|ve|j|je|nous|on|me|us"),
    ("YOU", r"you|your|yours|vous|votre|vos|ton|ta|tes|tu|yawe|wawe|zawe|lawe|bwawe"
            r"|cyawe|yako|lako|wako|zako|chako|yanyu|wewe"),
    ("SOON", r"now|soon|shortly|today|tomorrow|just|already|moment|minutes?|maintenant"
             r"|bientot|deja|aujourd|demain|instant|ubu|vuba|nonaha|uyu|sasa|hivi"
             r"|punde|leo|kesho|yesterday|hier|ejo|jana|tayari|right|away"),
    ("WILL", r"will|ll|going|shall|vais|va|vont|allons|allez|recevr(?:ez|a)|aurez|sera"),
    ("STATE", r"ready|valid|active|available|live|usable|unused|expired|void|pending"
              r"|complete|done|finished|correct|fine|prete?|valable|valide|actif|perime"
              r"|disponible|irahari|iriteguye|halali|nzima|ok|okay|good|set|true|real"),
    ("HELLO", r"hello|hi|hey|thanks?|welcome|sorry|good(?:bye)?|bonjour|bonsoir|salut"
              r"|merci|desolee?|bienvenue|muraho|mwaramutse|mwiriwe|murakoze|urakoze"
              r"|mbabarira|ihangane|habari|hujambo|asante|karibu|samahani|pole|apolog"
              r"[a-z]+|afraid|regrette|kwaheri"),
    ("SWPAST", SW + r"(?:me|li|mesha|mekwisha)[a-z]{2,}"),
    ("SWNOW", SW + r"na[a-z]{3,}"),
    ("SWWILL", SW + r"ta[a-z]{3,}"),
    ("SWUSE", r"hu[a-z]{3,}"),
    ("SWNOT", r"(?:si|hu|ha|hai|hali|haya|hazi|haki|hawa|hatu|ham)(?:ja|ku|ta|wez)[a-z]+"),
    ("RWPAST", r"(?:n|tw|w|y|b|by|cy|ry|rw|bw|z|k|kw|a|u|i|mw)[ao][a-z]{2,}"
               r"(?:ye|we|tse|ze|je|nze|shye)"),
    ("RWNOW", r"(?:nda|ura|ara|ira|tura|bira|bara|ndi|turi|ari|iri|biri|buri)[a-z]*"),
    ("RWNOT", r"(?:si|nti|ntu|nta)[a-z]{3,}"),
    ("RWDO", r"(?:ku|gu|kw|gw)[a-z]{3,}"),
    ("PAST", r"[a-z]{2,}(?:ed|oked|ied)|made|gave|given|sent|paid|got|put|took|taken"
             r"|did|told|said|went|gone|came|spoke|spent|found|let|brought|bought|won"
             r"|done|been|become|became|drew|drawn|met|left|set|kept|held|cut|began"
             r"|written|wrote|known|shown|seen|run|ran|chosen|granted|built|sold"),
    ("FRPAST", r"[a-z]{3,}(?:ee|ees|es)|fait|mis|remis|transmis|recu|pris|eu|vu|dit"
               r"|emis|permis|promis|rendu|servi|fini|abouti|reussi|obtenu|parti|arrive"
               r"|[a-z]{4,}(?:ue|us|ie|ise|ite)"),
    ("DOING", r"[a-z]{3,}ing"),
)  # fmt: skip
COMPILED = tuple((name, re.compile(pattern)) for name, pattern in CLASSES)


@lru_cache(maxsize=8_192)
def class_of(word: str) -> str:
    """Return the first class that contains the word; "#" for a number, "X" for others."""
    if word == "#":
        return "#"
    return next((name for name, form in COMPILED if form.fullmatch(word)), "X")
