from __future__ import annotations

from agents.runtime.offline.lexicon import Lexicon

# fmt: off
ENGLISH = Lexicon(
    language="en",
    markers=(
        "the", "is", "are", "my", "you", "your", "please", "hello", "hi", "hey",
        "thanks", "thank", "what", "how", "who", "where", "want", "need", "for",
        "create", "issue", "redeem", "void", "lookup", "look", "find", "show", "list",
        "customer", "yes", "no", "help", "good", "morning", "evening", "human",
        "because", "and", "with", "can", "i", "to", "use", "have", "do", "this",
    ),
    greet=(
        "hello", "hi", "hey", "hallo", "helo", "hullo", "hiya", "howdy", "greetings",
        "good morning", "good afternoon", "good evening", "good day", "morning",
        "hello there", "hi there", "hey there", "how are you", "yo", "start",
    ),
    thanks=(
        "thanks", "thank you", "thank you very much", "thanks a lot", "thx", "many thanks",
        "thank u", "great", "perfect", "cool", "nice",
    ),
    bye=(
        "bye", "goodbye", "good bye", "bye bye", "see you", "see you later", "good night",
        "have a nice day", "have a good day", "take care", "that's all", "that is all",
    ),
    help=(
        "help", "menu", "commands", "options", "help me", "i need help", "instructions",
        "what can you do", "what do you do", "how does this work", "how do i use this",
        "what can i do", "what can i write", "hepl", "hlp", "info", "who are you", "what are you",
    ),
    yes=(
        "yes", "y", "yeah", "yep", "yes please", "ok", "okay", "sure", "confirm",
        "i confirm", "confirmed", "correct", "do it", "go ahead", "yess", "right",
        "approve", "agreed", "yeah sure", "sure thing", "yup", "of course", "please do",
    ),
    no=(
        "no", "n", "nope", "no thanks", "no thank you", "nah", "cancel", "never mind",
        "nevermind", "forget it", "don't", "dont", "do not", "wrong", "cancel that",
        "abort", "leave it", "not now", "no way", "no no", "stop it",
    ),
    person=(
        "agent", "human", "person", "operator", "representative", "a person",
        "a human", "real person", "live agent", "customer care", "customer service",
        "support", "human please", "agent please", "somebody", "someone",
    ),
    person_phrases=(
        "talk to a person", "talk to a human", "talk to someone", "talk to somebody",
        "talk to an agent", "talk to agent", "talk to a real person", "talk to human",
        "speak to a person", "speak to a human", "speak to someone", "speak to an agent",
        "speak with a person", "speak with a human", "speak with someone",
        "speak with an agent", "chat with a person", "chat with an agent",
        "i want a human", "i want an agent", "i want a person", "i need a human",
        "i need an agent", "i need a person", "connect me to", "call me back",
        "transfer me", "hand me over", "real human", "call me", "please call",
    ),
    lead_ins=(
        "please", "pls", "plz", "kindly", "hello", "hi", "hey", "good morning",
        "good afternoon", "good evening", "ok", "okay", "yes", "now", "then", "so", "and",
        "i want to", "i want you to", "i would like to", "i would like you to",
        "i'd like to", "i'd like you to", "i need to", "i need you to", "i wish to",
        "i have to", "let's", "lets", "let us", "go ahead and", "help me", "help me to",
        "dear", "sir", "madam", "thanks", "thank you", "just", "there",
    ),
    polite=(
        "can you", "could you", "would you", "will you", "can u", "could u",
        "can i", "could i", "may i", "can we", "could we", "would you mind",
        "is it possible to", "do you mind",
    ),
    polite_commands=(),
    wants=(
        "i'd like", "i would like", "i want", "i need", "i wish", "we need", "we want",
        "we'd like", "i am looking for", "get me", "give me", "may i have",
    ),
    articles=("a", "an", "one", "the", "new", "fuel", "another"),
    answers=(
        "it is", "it's", "its", "that is", "that's", "here is", "here", "this is",
        "the code is", "the number is", "the amount is", "the reference is",
        "the station is", "code", "number", "amount", "customer", "for", "of", "to",
    ),
    fillers=(
        "for", "to", "of", "the", "a", "an", "rwf", "frw", "francs", "please",
        "pls", "plz", "number", "amount", "customer", "worth", "hi", "hello", "on", "with",
    ),
    create=("create", "issue", "generate", "new voucher", "a new voucher", "creating"),
    redeem=("redeem", "encash", "cash in", "redeeming"),
    void=("void", "revoke", "annul", "invalidate"),
    create_weak=("make", "give", "send", "add", "prepare", "open", "write", "offer"),
    redeem_weak=("use", "spend", "consume", "cash", "fill", "refuel", "take", "accept", "process"),
    void_weak=("cancel", "delete", "remove", "block", "kill", "stop"),
    lookup=(
        "lookup", "look up", "look-up", "find", "search", "search for", "who is", "whois",
        "check", "check customer", "show customer", "get customer", "look for", "identify",
        "whose", "who owns", "show me customer", "find me", "verify", "loook up", "lokup",
    ),
    who=("who is", "who's", "who owns", "whose", "who has", "belongs to"),
    myself=(
        "who am i", "my details", "show my details", "my number", "my name", "my account",
        "my profile", "show my profile", "what is my number", "what is my name",
    ),
    list=(
        "list", "my vouchers", "my voucher", "show vouchers", "show my vouchers",
        "list vouchers", "list my vouchers", "vouchers", "what vouchers do i have",
        "which vouchers do i have", "do i have a voucher", "do i have vouchers",
        "do i have any vouchers", "how many vouchers do i have", "see my vouchers",
        "show me my vouchers", "my balance", "balance", "view vouchers", "view my vouchers",
        "any vouchers for me", "check my vouchers", "check my voucher", "my fuel vouchers",
        "which vouchers can i use", "which vouchers can i still use", "what is my balance",
        "what vouchers", "which vouchers", "i want my vouchers", "i want to see my vouchers",
        "vouchers i have", "have i any vouchers", "have i got vouchers", "vouchers left",
    ),
    voucher=(
        "voucher", "vouchers", "vouchr", "voutcher", "vaucher", "vochure", "coupon",
        "coupons", "fuel voucher", "vocher", "vouher", "voucer",
    ),
    at=("at", "in", "from"),
    because=(
        "because", "reason", "since", "as the", "as it was", "as it is", "as she", "as he",
        "as they", "due to", "bc", "bcz", "cause", "coz", "cuz",
    ),
    questions=(
        "did", "does", "do you", "do i", "do we", "have you", "has", "had", "was", "were",
        "is", "are", "why", "when", "who", "what", "which", "how", "where", "whether",
        "should", "shall", "am i", "may", "might",
    ),
    negations=(
        "not", "no", "never", "don't", "dont", "cannot", "can't", "cant", "won't", "wont",
        "didn't", "didnt", "doesn't", "doesnt", "isn't", "isnt", "wasn't", "without",
        "nobody", "none", "neither", "nor", "nothing", "shouldn't", "wouldn't", "couldn't",
        "avoid", "refuse", "instead", "rather", "wait", "stop", "undo", "forget", "hold",
        "minus", "negative", "except", "haven't", "hasn't",
    ),
    past=(
        "created", "issued", "generated", "made", "gave", "given", "sent", "redeemed",
        "used", "spent", "voided", "cancelled", "canceled", "revoked", "annulled",
        "received", "got", "wanted", "tried", "asked", "already", "ago", "been",
        "creates", "issues", "redeems", "voids",
    ),
    hearsay=(
        "said", "says", "say", "wrote", "told", "tells", "quote", "quoted", "if", "unless",
        "until", "tomorrow", "yesterday", "later", "suppose", "imagine", "example",
        "pretend", "would have", "could have", "should have", "next week", "next month",
        "about to", "going to", "will be", "how to", "joking", "kidding",
        "joke", "lol", "haha", "i will", "i'll", "we will", "instance", "once", "as soon",
        "in case", "supposed", "every", "each", "everyone", "everybody", "all customers",
        "half", "double", "twice", "times", "several", "few",
    ),
    unsure=(
        "maybe", "perhaps", "or", "either", "about", "approximately", "around", "roughly", "almost", "nearly",
        "between", "more than", "less than", "at least", "at most", "up to", "or so",
    ),
    numbers=(
        ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6),
        ("seven", 7), ("eight", 8), ("nine", 9), ("ten", 10), ("eleven", 11),
        ("twelve", 12), ("thirteen", 13), ("fourteen", 14), ("fifteen", 15),
        ("sixteen", 16), ("seventeen", 17), ("eighteen", 18), ("nineteen", 19),
        ("twenty", 20), ("thirty", 30), ("forty", 40), ("fourty", 40), ("fifty", 50),
        ("sixty", 60), ("seventy", 70), ("eighty", 80), ("ninety", 90),
    ),
    number_joins=("and",),
    multipliers=(("hundred", 100), ("thousand", 1_000), ("million", 1_000_000)),
    unread_numbers=(
        "zero", "dozen", "dozens", "hundreds", "thousands", "millions", "billion",
        "pair", "couple", "quarter", "point", "nil", "nought",
    ),
)
