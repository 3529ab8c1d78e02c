"""Patterns of claims about a voucher, in English, French, Kinyarwanda and Swahili.

A claim is a finished action ("issued", "émis", "yatanzwe", "imetolewa") or a state
("is valid"). The words before it may cancel it: a negation, "can be", "if it was". The
patterns expect words without accents, separated by single spaces.
"""

from __future__ import annotations

import re
from typing import Literal

type Kind = Literal[
    "issued", "redeemed", "void", "done", "valid", "expired", "pending", "declined"
]

# In Swahili the perfect is subject + "me", the past subject + "li".
SW = "(?:ni|u|a|tu|m|wa|i|li|ya|ki|vi|zi|pa|ku)(?:me|li|mesha|mekwisha)(?:ku|wa|ki|ni)?"
# Kinyarwanda puts subject and tense before the stem, and "nti" before a negation.
RW = "(?!nti|nta)[a-z]{0,7}"

CLAIMS: tuple[tuple[Kind, str], ...] = (
    # English
    ("issued", r"(?:re)?(?:issued|created|generated|granted|produced|allotted|minted)"),
    ("issued", r"(?:i|we) (?:ve |have )?(?:just |now |already )*(?:made|gave|given)"),
    ("issued", r"(?:topped up|credited|booked|registered|allocated)"),
    ("issued", r"(?:am|m|are|re|is|s) (?:now |just )?(?:issuing|creating|generating)"),
    ("redeemed", r"redeemed|(?<!un)used|spent|consumed|cashed(?: in)?|claimed"),
    ("redeemed", r"(?:am|m|are|re|is|s) (?:now |just )?redeeming"),
    ("void", r"voided|cancell?ed|annulled|revoked|invalidated|deactivated|reversed"),
    ("void", r"refunded|(?:is|was|are|were|been|now) (?:now |already )?void|blocked"),
    ("void", r"(?:am|m|are|re|is|s) (?:now |just )?(?:voiding|cancell?ing)"),
    ("declined", r"declined|rejected"),
    ("done", r"done|completed?|finished|finali[sz]ed|processed|executed|succeeded"),
    ("done", r"success|successful(?:ly)?|confirmed|approved|authori[sz]ed|accepted"),
    ("done", r"delivered|sent|transferred|paid|recorded|saved|submitted|performed"),
    ("done", r"updated|changed|activated|arranged|settled|sorted(?: out)?|effected"),
    ("done", r"all set|taken care of|(?:gone|went|going) through|good to go|carried out"),
    ("done", r"(?:is|are|s|now) (?:now |all )?ready|tickmark|congratulations|voila"),
    ("done", r"here (?:is|s|are) (?:your|the|her|his|their)(?: new)? (?:voucher|code)s?"),
    ("done", r"(?:i|we) (?:ve |have )?(?:just |now )*(?:did(?! not| nothing)|handled|fixed|put|took)"),
    ("done", r"has (?:been )?(?:added|taken|handled|resolved|made|given|topped)"),
    ("done", r"(?:am|m|are|re|is|s) (?:now |just )?(?:processing|sending|approving)"),
    ("done", r"(?:can|may) now|on (?:its|the) way|is (?:all )?yours"
             r"|enjoy(?! (?:your|the|a) (?:day|evening|night|week|weekend|trip)\b)"),
    ("valid", r"(?:is|are|s|re|remains?|still) (?:still |now |also )*(?:valid|active)"),
    ("valid", r"(?:is|are|s|still) (?:still |now )*(?:available|unused|usable|open)"),
    ("valid", r"you (?:now |already |currently |still |do )*(?:have|own|hold|got)"
              r"(?: \w+){0,3} vouchers?"),
    ("valid", r"(?:your|the|her|his) balance (?:is|was|of)|unredeemed"),
    ("expired", r"expired|lapsed"),
    ("pending", r"(?:is|are|s|now|still) (?:still |now )*(?:pending|awaiting|waiting)"),
    ("pending", r"(?:waits|waiting|awaits|awaiting)(?: for)?(?: the| an)? approval"),
    # French
    ("issued", r"(?:emis|delivre|genere|cree|etabli|octroye|accorde)e?s?"),
    ("redeemed", r"(?:utilise|consomme|echange|encaisse|depense|valide)e?s?"),
    ("void", r"(?:annule|revoque|invalide|bloque|desactive|rembourse)e?s?"),
    ("declined", r"(?:refuse|rejete)e?s?"),
    ("done", r"(?:fait|termine|effectue|realise|confirme|accompli|traite)e?s?"),
    ("done", r"(?:enregistre|envoye|transmis|paye|approuve|accepte|autorise)e?s?"),
    ("done", r"(?:reussi|finalise|acheve|complete|execute|active)e?s?|succes"),
    ("done", r"c est (?:bon|ok|regle|parti|pret)|ca y est|bien recu|felicitations"),
    ("done", r"voici (?:votre|ton|le|son)(?: nouveau)? (?:bon|code)"),
    ("done", r"(?:est|sont) (?:maintenant |deja )?prete?s?"),
    ("done", r"(?:peut|peuvent|pouvez|peux) (?:maintenant|desormais)|est en route"),
    ("valid", r"(?:est|sont|reste|encore|toujours) (?:encore |toujours )?"
              r"(?:valable|valide|actif|active|disponible)s?"),
    ("valid", r"vous (?:avez|possedez|disposez)(?: \w+){0,3} bons?|votre solde est"),
    ("expired", r"(?:est|sont|ont|a) (?:deja )?(?:expires?|perimee?s?)"),
    ("pending", r"(?:est|sont|reste|toujours) (?:encore )?en attente"),
    ("pending", r"attend (?:l |une )?approbation"),
    # Kinyarwanda
    ("issued", RW + r"(?:tanzwe|sohowe|sohotse|hawe|haye|tanze)"),
    ("redeemed", RW + r"(?:koreshejwe|koresheje|vunjwe)"),
    ("void", RW + r"(?:hagaritswe|haguritswe|kuweho|sheshwe|seshwe|hagaritse)"),
    ("done", RW + r"(?:rangiye|genze neza|kunze|kunda neza|emeye|herereje|ohereje)"),
    ("done", RW + r"(?:kozwe|koze|rangije|tunganye|maze (?:gu|ku|kw)[a-z]+|bonetse)"),
    # A passive perfect of any other verb ends like this.
    ("done", r"(?!nti|nta)[a-z]{3,}(?:zwe|jwe|tswe)"),
    # Swahili wishes end alike; the Kinyarwanda past begins like this.
    ("done", r"(?:y|w|by|ry|cy|b|z|tw|rw|bw|kw|h)a[a-z]{2,}(?:shwe|uwe|iwe)"),
    ("valid", r"(?:ifite|rifite|gifite|iracyafite|iragifite|racyafite) agaciro"),
    ("valid", r"ufite (?:vocha|voca|voucher|inyemezabuguzi|urupapuro)"),
    ("expired", r"[a-z]{0,3}(?:taye agaciro|rengeje igihe|rangije igihe|arengeje igihe)"),
    ("pending", r"(?:i|ri|ki|gi|bi)(?:te|ra)(?:gereje|tegereje)"),
    # Swahili
    ("issued", SW + r"(?:toa|tolewa|unda|undwa|tengeneza|tengenezwa|pewa|patia|pa)"),
    ("redeemed", SW + r"(?:tumia|tumika|tumiwa|komboa|kombolewa)"),
    ("void", SW + r"(?:futa|futwa|batilishwa|batilisha|ghairi|ghairiwa|sitishwa)"),
    ("declined", SW + r"(?:kataa|kataliwa)"),
    ("done", SW + r"(?:kamilika|kamilisha|fanya|fanyika|fanywa|fanikiwa|maliza|malizika)"),
    ("done", SW + r"(?:tuma|tumwa|tumia|thibitisha|thibitishwa|idhinishwa|lipwa|isha)"),
    # Any other perfect: every Swahili verb ends in a vowel.
    ("done", r"(?:ni|u|a|tu|wa|i|li|ya|ki|vi|zi)me(?!ny|elewa|sema|ona$|pokea|uliza|omba"
             r"|andika|taka|furahi|jaribu|shindwa|kosea|lior|lewa)[a-z]{2,}[aeiu]"),
    ("done", r"tayari|mafanikio|kikamilifu|hongera|hii hapa (?:vocha|msimbo)"),
    ("valid", r"(?:bado )?ni halali|ina thamani|una (?:vocha|voucher|salio)"),
    # Other languages, which a model may use.
    ("done", r"hech[oa]|list[oa]|emitid[oa]|cread[oa]|feit[oa]|erledigt|fertig|fatt[oa]"),
    ("expired", r"[a-z]{1,3}mekwisha|muda (?:wake )?umekwisha|muda (?:wake )?umeisha"),
    ("pending", r"(?:ina|li|bado ina)subiri|inangoja"),
)  # fmt: skip

_THING = (
    "a an the your this that any each every it her his my voucher vouchers code codes "
    "is are has have been was were being be already yet ever still gets get now fully "
    "un une le la les votre vos son ce cet cette bon bons il elle est sont a ont ete "
    "etait deja encore bien vocha yako hiyo msimbo wako voca yawe kode"
).replace(" ", "|")
_AUX = "be|been|being|yet|ever|ete|etre|encore|toujours|deja|already"
# Directly before a claim, these words cancel it.
CANCELLED = re.compile(
    r"(?:^| )(?:"
    rf"(?:not|never|jamais|pas)(?: (?:{_AUX}))*"
    r"|(?:isn|wasn|hasn|haven|aren|weren) t(?: (?:been|yet|being))*"
    r"|(?:no|aucun|aucune) (?:\w+ )?(?:voucher|bon|operation|change|changement)s?"
    r"(?: (?:was|were|has|have|is|are|been|n|a|ont|ete|est))+"
    r"|(?:nothing|rien)(?: (?:was|has|is|been|n|a|ete|est))+"
    r"|(?:can|may|must|should|could|would|to|cannot|can only|ought to|peut|peuvent|doit"
    r"|doivent|pourrait|devrait|pour)(?: (?:not|only|also|then|ne|pas))*"
    rf"(?: (?:{_THING})){{0,4}} (?:be|get|etre)"
    rf"|(?:if|once|when|until|unless|whether|si|quand|lorsque|lorsqu|une fois|des que"
    rf"|ikiwa|kama|niba|iyo)(?: (?:{_THING}))*"
    rf"|(?:before|after|avant|apres)(?: (?:{_THING}))+"
    r"|ntabwo|nta kintu|nta|nothing|rien|hakuna"
    r") $"
)
# Cancelling words are searched this many characters before the claim.
REACH = 80
# A question with this beginning claims nothing.
ASKED = re.compile(
    rf"^(?:has|have|was|were|is|are|had|est|sont|a|ont|avez|as)(?: t)?(?: (?:{_THING}"
    r"|you|ce|que|vous|tu|t))* $"
)
# ... unless the text answers its own question.
AFFIRMED = re.compile(r"\b(?:yes|yep|indeed|absolutely|oui|yego|ndiyo|ndio)\b")
# Words that only look like claims.
HARMLESS = re.compile(
    r"\b(?:en fait|tout a fait|fait partie|il fait|used to|get used|well done"
    r"|changed nothing|you (?:have |ve )?sent|vous avez envoye|umetuma|wohereje"
    r"|used for|using|wake up|active directory|mwiriwe|mwaramutse|tumefurahi"
    # A rule of all vouchers: "a voucher is valid for 90 days".
    r"|(?:an?|each|every|any|un|chaque|tout) (?:\w+ )?(?:voucher|bon) (?:de carburant )?"
    r"(?:is|remains|stays|est|reste) (?:valid|valable|valide) (?:for |pendant |pour )?"
    r"\w+ (?:days?|weeks?|months?|jours?|semaines?|mois)"
    r"|muraho neza|murakoze|urakoze|wakoze|umeamka|umeshinda|mmeshinda|unused)\b"
)


def claims_in(words: str, *, is_question: bool) -> set[Kind]:
    """Return the kinds of claims in one clause."""
    words = HARMLESS.sub("", words)
    found: set[Kind] = set()
    for kind, pattern in COMPILED:
        for match in pattern.finditer(words):
            before = words[: match.start()]
            is_asked = is_question and len(before) < REACH and ASKED.search(before)
            if is_asked or CANCELLED.search(before[-REACH:]):
                continue
            found.add(kind)
    return found


COMPILED = tuple((kind, re.compile(rf"\b(?:{pattern})\b")) for kind, pattern in CLAIMS)
