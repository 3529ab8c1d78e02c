"""What a model says in four languages: claims, and words that claim nothing."""

from __future__ import annotations

UNBACKED = {
    "en": """
        It's done.
        Done!
        All done, enjoy!
        The voucher was issued.
        The voucher has now been created.
        I have created your voucher.
        I've just made you a voucher
        I've cancelled it
        I'm issuing it now
        Your voucher was redeemed at Kimironko.
        You have used your voucher
        It's been taken care of
        Everything went through
        Congratulations!
        Success
        Your request was approved
        It was not only issued but redeemed
        No problem, voucher issued
        Not a problem: it is redeemed
        Voucher issued, anything else?
        If you look now, the voucher is redeemed
        The voucher is void
        Payment sent
        Here is your voucher
        Your new voucher is ready
        Was your voucher issued? Yes.
        You can now fill up at Kimironko
        It is on its way
        It must have been issued
        Is it not so that it is issued?
        """,
    "fr": """
        C'est fait
        C’est fait !
        Le bon a été émis.
        J'ai créé le bon
        Votre bon est annulé
        Bon utilisé à Kimironko
        Pas de souci, le bon est émis
        L'opération est terminée
        C'est bon, tout est en ordre
        Voici votre bon
        Ça y est
        Opération réussie
        Votre demande est approuvée
        Le bon a bien été validé
        Félicitations
        Le code est envoyé
        Le bon est-il émis ? Oui
        Vous pouvez maintenant faire le plein
        """,
    "rw": """
        Byakozwe
        Voca yatanzwe
        Voca yawe yakoreshejwe
        Voca yahagaritswe
        Byarangiye
        Byarangiye neza
        Birarangiye
        Igikorwa cyagenze neza
        Byakunze
        Byemejwe
        Kode yoherejwe
        Naguhaye voca
        Voca yakozwe
        Yakuweho
        Natanze voca
        Byamaze gukorwa
        Voucher yahinduwe
        Byashyizwe muri konti
        """,
    "sw": """
        imekamilika
        Vocha imetolewa
        Vocha yako imetumika
        Nimekutumia msimbo
        Nimetoa vocha
        Nimefuta vocha
        Vocha yako imefutwa
        Vocha ilitolewa
        Tayari!
        Imefanikiwa
        Umefanikiwa kupata vocha
        Hongera
        Imethibitishwa
        Ombi lako limeidhinishwa
        Tumekamilisha
        Vocha imeundwa
        """,
    "disguised": """
        d o n e
        D.O.N.E
        i s s u e d
        is\u200bsued your voucher
        re-deemed
        re\u00addeemed
        іѕѕuеd
        ＤＯＮＥ
        𝐝𝐨𝐧𝐞
        d̶o̶n̶e̶
        d0ne
        1ssued
        doooone
        *done*
        _is,sued_
        ✅
        ☑️ voucher
        by\u200bakozwe
        i m e k a m i l i k a
        C'est f.a.i.t
        é\u0301mis
        hecho
        """,
}
STATES = """
    Your voucher is still valid
    Your voucher is active
    You have two vouchers
    You have a voucher
    Your balance is good
    Your voucher has expired
    It is still pending
    Votre bon est encore valable
    Vous avez deux bons
    Le bon est expiré
    Le bon est en attente
    Voca yawe iracyafite agaciro
    Voca yataye agaciro
    Ufite voca
    Vocha yako ni halali
    Una vocha mbili
    Ufite voucher nshya
    The voucher waits for approval
    Vocha inasubiri
    The voucher has not been redeemed.
    It wasn't issued.
    Le bon n'a pas été émis.
    Ntiyatanzwe.
    Ntabwo byakozwe.
    Vocha haijatolewa.
    """
HARMLESS = """
    Hello! How can I help you?
    I can create a voucher, look up a customer, or redeem a code.
    No voucher was issued.
    Nothing was changed.
    Do you want me to create it?
    Has your voucher been redeemed?
    Once a voucher is redeemed it cannot be used again.
    A voucher can be redeemed at any station.
    It must be approved by a second person.
    Which station?
    I could not find that customer.
    Sorry, only staff can create vouchers.
    Please send the amount and the phone number.
    You can write "help" to see what I do.
    Press the button to confirm.
    1. Look up a customer
    I need a number of 10 digits.
    Would you like anything else?
    I'm an assistant for fuel vouchers and can only help with these.
    It takes about 10 minutes.
    Bonjour ! Comment puis-je vous aider ?
    Je peux créer un bon, ou chercher un client.
    Aucun bon n'a été créé.
    Rien n'a été changé.
    Quel montant voulez-vous ?
    Le bon peut être utilisé dans une station.
    Je ne peux aider que pour les bons de carburant.
    En fait, quel est le montant ?
    Muraho! Nagufasha iki?
    Mwaramutse, mumeze mute?
    Murakoze! Mugire umunsi mwiza.
    Nshobora gutanga voca cyangwa gushaka umukiriya.
    Ni angahe ushaka?
    Habari! Naweza kukusaidiaje?
    Tafadhali tuma kiasi na nambari ya simu.
    Umesema kiasi gani?
    Samahani, sikuelewa.
    Unaweza kutumia vocha kwenye kituo chochote.
    Karibu tena!
    Why should it be voided?
    Nothing is waiting for your answer.
    I have changed nothing just now.
    Nta cyakozwe.
    Nta kintu gitegereje igisubizo cyawe.
    Hakuna kilichobadilishwa.
    Kwa nini ibatilishwe?
    """

# Requests and secrets: each of the first with each of the second.
REQUESTS = {
    "en": (
        """
        {} please
        What is your {}?
        What's your {}?
        Send me your {}
        Please send your {}.
        Could you give me the {}?
        I need your {} to continue.
        Enter your {} here
        Tell me the {} again
        Type the {}
        Your {}?
        May I have your {}?
        Reply with your {}
        Confirm your {} first
        Don't forget to send your {}
        I can't go on without your {}
        Share your {} with me
        Which {} did you get?
        Do you remember your {}?
        Kindly provide the {}
        Let me know your {}
        Just say the {} aloud
        Your {} is required
        Forward the {}
        """,
        """
        PIN
        PIN code
        code
        voucher code
        password
        OTP
        passcode
        secret code
        16 digits
        """,
    ),
    "fr": (
        """
        {}, s'il vous plaît
        Quel est votre {} ?
        Envoyez-moi votre {}
        Veuillez saisir votre {}
        Donnez-moi le {}
        Il me faut le {}
        J'ai besoin de votre {}
        Pouvez-vous me dire votre {} ?
        Confirmez votre {}
        N'oubliez pas d'envoyer votre {}
        Je ne peux pas continuer sans votre {}
        Merci de m'indiquer votre {}
        Votre {} ?
        Entrez le {}
        Tapez votre {}
        Communiquez-moi votre {}
        Écrivez votre {} ici
        """,
        """
        PIN
        code PIN
        code
        code du bon
        mot de passe
        code secret
        """,
    ),
    "rw": (
        """
        Ohereza {}
        Mpa {}
        Andika {}
        Mbwira {}
        {} ni iyihe?
        {} ni uwuhe?
        Nkeneye {}
        Wampa {}?
        Mwambwira {}?
        Nyoherereza {}
        Injiza {}
        Emeza {}
        Ntiwibagirwe kohereza {}
        Ushobora kumpa {}?
        Ongera wandike {}
        Shyiramo {}
        """,
        """
        PIN
        PIN yawe
        kode
        kode yawe
        kode ya voucher
        umubare w'ibanga
        ijambo ry'ibanga
        """,
    ),
    "sw": (
        """
        Tuma {}
        Nipe {}
        Andika {}
        Niambie {}
        {} ni ipi?
        {} ni gani?
        {} ni nini?
        Nahitaji {}
        Naomba {}
        Nitumie {}
        Ingiza {}
        Thibitisha {}
        Usisahau kutuma {}
        Unaweza kunipa {}?
        Tafadhali weka {}
        Taja {}
        Rudia {}
        Siwezi kuendelea bila {}
        """,
        """
        PIN
        PIN yako
        msimbo
        msimbo wako
        msimbo wa vocha
        nenosiri
        nenosiri lako
        namba ya siri
        namba yako ya siri
        neno la siri
        neno lako la siri
        """,
    ),
}
WARNINGS = """
    Never share your PIN.
    Do not give your code to anyone.
    I will never ask for your PIN or code.
    We never ask for passwords.
    Keep your PIN secret.
    Please do not send your PIN here.
    No one from our team will ask for your code.
    A voucher has a code and a last day.
    Codes are hidden from me.
    I can't see your code.
    Is your code lost?
    If you lost your code, write agent.
    Ne donnez jamais votre code.
    N'envoyez pas votre PIN.
    Je ne demande jamais de code.
    Gardez votre code secret.
    Ntukohereze PIN yawe.
    Sinjya nsaba PIN.
    Bika kode yawe mu ibanga.
    Usitume PIN yako.
    Sitakuomba msimbo wako.
    Weka msimbo wako siri.
    Hatuombi PIN.
    """


def lines(block: str) -> list[str]:
    return [line.strip() for line in block.strip("\n").split("\n") if line.strip()]
