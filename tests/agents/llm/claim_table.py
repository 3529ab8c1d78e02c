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
    """
HARMLESS = """
    Hello! How can I help you?
    I can create a voucher, look up a customer, or redeem a code.
    To redeem a voucher, send me its code and the station.
    No voucher was issued.
    Nothing was changed.
    The voucher has not been redeemed.
    It wasn't issued.
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
    Le bon n'a pas été émis.
    Aucun bon n'a été créé.
    Rien n'a été changé.
    Quel montant voulez-vous ?
    Le bon peut être utilisé dans une station.
    Je ne peux aider que pour les bons de carburant.
    En fait, quel est le montant ?
    Muraho! Nagufasha iki?
    Mwaramutse, mumeze mute?
    Murakoze! Mugire umunsi mwiza.
    Andika kode ya voca yawe.
    Ntiyatanzwe.
    Ntabwo byakozwe.
    Nshobora gutanga voca cyangwa gushaka umukiriya.
    Ni angahe ushaka?
    Habari! Naweza kukusaidiaje?
    Tafadhali tuma kiasi na nambari ya simu.
    Vocha haijatolewa.
    Umesema kiasi gani?
    Samahani, sikuelewa.
    Unaweza kutumia vocha kwenye kituo chochote.
    Karibu tena!
    Why should it be voided?
    Nothing is waiting for your answer.
    I have changed nothing just now.
    You have sent very many messages.
    Vous avez envoyé beaucoup de messages.
    Nta cyakozwe.
    Nta kintu gitegereje igisubizo cyawe.
    Hakuna kilichobadilishwa.
    Kwa nini ibatilishwe?
    """


def lines(block: str) -> list[str]:
    return [line.strip() for line in block.strip("\n").split("\n") if line.strip()]
