"""Find a request for a PIN, a code or a password in a text of the model.

Codes reach the tools redacted, and PINs are never written in a chat. So the model has no
reason to ask for one. Warnings ("never share your PIN") are no requests.
"""

from __future__ import annotations

import re

from agents.language.normalise import plain

# "[code 1]" stands for a code that the person wrote; the model may name it. Country
# codes are no secrets, and "write agent" asks for no code.
HARMLESS = re.compile(
    r"\[codes? ?\d*\]|\bcountry codes?\b|\bkode y\W?igihugu\b"
    r"|\bmsimbo wa nchi\b"
    r"|\b(?:write|type|send|andika|ecrivez|tapez)\W+"
    r"(?:agent|help|human|aide|humain|ubufasha|umuntu|msaada|mtu)\b"
)
PRIVATE = (
    r"(?:pins?|otps?|pass ?(?:codes?|words?|phrase)|codes?|secret (?:numbers?|words?|digits?)"
    r"|(?:16|sixteen|four|4|six|6|last) (?:last )?digits?|cvv|mots? de passe|mdp"
    r"|(?:16|seize|quatre|4|derniers) (?:derniers )?chiffres|numero secret|mot secret"
    r"|kodi|kode|(?:ry)?ibanga|(?:imibare|mibare) (?:16|icumi na itandatu)"
    r"|msimbo|misimbo|nenosiri|nywila|siri|tarakimu (?:16|kumi na sita|nne|4))"
)
ASK = (
    r"(?:send|give|tell|type|enter|share|write|provide|confirm|reply|read|show|repeat"
    r"|forward|text|need|require|supply|submit|input|say|key|dial|spell|post|want|insert"
    r"|disclose|reveal|drop|paste|see|have|know|quote|verify|check|fill|please"
    r"|envoye[rz]|envoie|donne[rz]?|dites?|dire|tape[rz]?|entre[rz]|saisi[rs]|saisissez"
    r"|partage[rz]?|ecri[st]|ecrire|ecrivez|fourni[rs]|fournissez|confirme[rz]?|lire"
    r"|lisez|montre[rz]?|repete[rz]?|transmett(?:ez|re)|communique[rz]?|indique[rz]?"
    r"|faut|besoin|veuillez|merci|compose[rz]?|precise[rz]?|rappele[rz]|colle[rz]"
    r"|(?:n?y?oh?ereza|[a-z]{0,4}ohere[jz]e|andika|nyandikira|[a-z]{0,2}mpa|mpe|[a-z]{0,3}mbwira"
    r"|shyiramo|emeza|nyereka|tanga|sangiza|nkeneye|wampa|mwampa|ndakeneye|subiramo"
    r"|vuga|injiza|nyoherereza|ntibagirwe|[a-z]{1,3}andike|kohereza|kwandika|kumpa|kumbwira)"
    r"|tuma|nitumie|nipe|niambie|andika|ingiza|thibitisha|naomba|nahitaji|nionyeshe"
    r"|taja|sema|toa|kutuma|kunipa|kuniambia|kuandika|kuthibitisha|weka|rudia|leta"
    r"|lete|soma)"
)
# "Show the code to the attendant": not asked for here. A PIN is shown to no one.
SHOWN = re.compile(
    r"\b(?:show|give|present|montre[rz]?|presente[rz]?|donne[rz]?|ereka|mwereke|erekana"
    r"|mwerekane|onyesha|muonyeshe|mwonyeshe|mpe)\b(?: (?!(?:and|et|me|us|moi|nous)\b)[a-z]+){0,2}?"
    r" (?:code|kode|kodi|msimbo)\b(?: (?:yako|yawe|wako))?"
    r"(?: (?:to|at|on|the|your|au|a|la|le|l|du|de|aux|kuri|ku|kwa|wa|umukozi|mhudumu)){0,4}"
    r" (?:attendants?|stations?|pumps?|cashier|pompistes?|pompe|caissiere?|sitasiyo"
    r"|mhudumu|kituo|kituoni)\b"
)
# "Never share your PIN", "n'envoyez pas", "ntukohereze", "usitume".
WARNING = re.compile(
    rf"\b(?:never|do not|don t|dont|cannot|can t|won t|will not|nobody|no one)\b"
    rf"(?! (?:forget|hesitate|mind|worry|delay))(?:\s\w+){{0,4}}?\s(?:ask|{ASK})\b"
    rf"(?:\s\w+){{0,5}}?\s{PRIVATE}\b"
    rf"|\bn(?:e|y)?\s(?!oublie|hesite)(?:(?!sans\b)\w+\s){{1,4}}(?:jamais|pas|personne)?"
    rf"(?:\s?(?!sans\b)\w+){{0,4}}?\s{PRIVATE}\b"
    rf"|\bn(?:tu|ti|ta|tw|ntimu|timu)[a-z]+(?<!ntiwibagirwe)(?<!ntimwibagirwe)"
    rf"(?:\s\w+){{0,5}}?\s{PRIVATE}\b"
    rf"|\bsi(?:njya|nzigera|nsaba|nzasaba)\b(?:\s\w+){{0,4}}?\s{PRIVATE}\b"
    rf"|\b(?:usi|msi|hatu|sita|hawa)(?!sahau)[a-z]+(?:\s\w+){{0,4}}?\s{PRIVATE}\b"
)
REQUEST = re.compile(rf"\b{ASK}\b(?:\s\w+){{0,6}}?\s{PRIVATE}\b")
# "Your PIN, please", "the code? Send it", "kode yawe ohereza".
AFTER = re.compile(rf"\b{PRIVATE}\b(?:\s\w+){{0,4}}?\s{ASK}\b")
WHICH = re.compile(
    r"\b(?:what|which|whats|quel|quelle|quels|quelles|lequel|iyihe|ayahe|uwuhe|irihe"
    r"|iki|gani|ipi|upi|lipi|yapi|zipi|nini|have|remember|know|avez|connaissez"
    r"|ufite|unajua|una|uzi)\b"
)
# "I cannot go on without your PIN."
WITHOUT = re.compile(
    rf"\b(?:without|sans|bila|nta|udafite)\b(?:\s\w+){{0,3}}?\s{PRIVATE}\b"
)
# A statement about all people asks for nothing: "no one can use a voucher without its code."
GENERAL = re.compile(r"^(?:nobody|no one|personne|nul|hakuna|nta muntu|ntawe)\b")
WANTED = "please|svp|s il vous plait|required|needed|necessary|requise?|necessaire"
# A question of at most this many words is a request by itself.
BARE = 4


def asks_for_secret(text: str) -> bool:
    """Tell whether a sentence of the text asks for a PIN, a code or a password."""
    written = HARMLESS.sub(" ", plain(text))
    # "P.I.N" and "p-i-n" are words too.
    written = re.sub(r"\bp[\W_]{1,2}i[\W_]{1,2}n\b", "pin", written)
    written = re.sub(r"\bo[\W_]{1,2}t[\W_]{1,2}p\b", "otp", written)
    # A line may end in the middle of a request.
    lines = written.replace("\n", " ")
    return any(_asks(match[0]) for match in re.finditer(r"[^.!?;]+[.!?]*", lines))


def _asks(sentence: str) -> bool:
    words = " ".join(re.findall(r"[a-z0-9]+", sentence))
    words = SHOWN.sub(" ", WARNING.sub(" ", words))
    if not re.search(rf"\b{PRIVATE}\b", words):
        return False
    if any(form.search(words) for form in (REQUEST, AFTER)):
        return True
    if WITHOUT.search(words) and not GENERAL.match(words.strip()):
        return True
    is_question = sentence.rstrip().endswith("?")
    is_bare = len(words.split()) <= BARE and not re.match(r"(?:is|was|est)\b", words)
    if is_question and (is_bare or WHICH.search(words)):
        return True
    return bool(re.search(rf"\b{PRIVATE}(?:\s\w+){{0,3}}? (?:{WANTED})\b", words))
