from __future__ import annotations

from agents.language.texts.topics import EN

TEXTS: dict[str, str] = {
    **EN,
    # Greeting and help
    "greeting.customer": (
        "Hello! I am the automated fuel voucher assistant. I can show you your vouchers and "
        "use one at a station. Write *help* to see what I understand, or *agent* "
        "to reach a person."
    ),
    "greeting.station": (
        "Hello! I am the automated fuel voucher assistant. Write *redeem* and the code of "
        "a customer's voucher to redeem it at your station. Write *help* to see what I understand, or *agent* to reach a person."
    ),
    "greeting.staff": (
        "Hello! I am the automated fuel voucher assistant. I can look up customers and create, "
        "redeem and void vouchers. Write *help* to see what I understand, or *agent* to "
        "reach a person."
    ),
    "greeting.support": (
        "Hello! I am the automated fuel voucher assistant. I can look up customers and void "
        "vouchers. Write *help* to see what I understand, or *agent* to reach a person."
    ),
    "help.customer": (
        "This is what you can write:\n"
        "• *my vouchers* – what you have\n"
        "• *redeem* with the code or reference, and the station, for example "
        "_redeem V7-KQ3M-82 at Kimironko_\n"
        "• *agent* – a person will answer you"
    ),
    "help.station": (
        "This is what you can write:\n"
        "• *redeem* and the 16 digits of the code – redeems it at your station\n"
        "• *lookup* and the code – whose voucher it is\n"
        "• *agent* – a person will answer you"
    ),
    "help.staff": (
        "This is what you can write:\n"
        "• *lookup +250788123456*\n"
        "• *create voucher 10000 for +250788123456*\n"
        "• *redeem* with the code, and *at Kimironko*\n"
        "• *void V7-KQ3M-82 because …*\n"
        "• *agent* – a person will answer you"
    ),
    "help.support": (
        "This is what you can write:\n"
        "• *lookup +250788123456*\n"
        "• *void V7-KQ3M-82 because …*\n"
        "• *agent* – a person will answer you"
    ),
    # Asking back
    "ask.intent": (
        "What would you like to do? Write it in a few words, for example *my vouchers* "
        "or *stations*. Write *help* for more, or *agent* to reach a person."
    ),
    "ask.one_thing": "One thing at a time, please: what should I do first?",
    "ask.amount": "For which amount? Please write it in plain digits, like 10000.",
    "ask.amount_plain": (
        "I do not want to guess the amount. Please write one amount in plain digits, "
        "like 10000."
    ),
    "ask.number": (
        "For which customer? Please send the telephone number, like +250788123456."
    ),
    "ask.number_plain": (
        "I do not want to guess the number. Please send one telephone number, like "
        "+250788123456."
    ),
    "ask.code": "Please send me the 16 digits of the voucher's code.",
    "ask.code_and_station": (
        "Please send the voucher's code and the station together in one message."
    ),
    "ask.create": (
        "Shall I create a voucher of {amount} for {number}? Please write *yes* or *no*."
    ),
    "ask.code_alone": (
        "What shall I do with that code? Write *redeem* or *lookup* and the code, "
        "together in one message."
    ),
    "ask.voucher": "Which voucher? Please send its code or its reference.",
    "ask.station": "At which station? Please send its name.",
    "ask.reason": "Why should it be voided? Please tell me the reason.",
    "answer.cancelled": "All right. Nothing was changed.",
    "answer.nothing_waits": (
        "Nothing is waiting for your answer. Write *help* to see what I understand."
    ),
    "answer.press_button": (
        "To be safe, please use the button under my question: a written yes or no "
        "changes nothing."
    ),
    "answer.thanks": "You are welcome!",
    "answer.bye": "Goodbye! Write to me at any time.",
    "answer.nothing_done": (
        "I have changed nothing just now. Tell me what to do as a plain request; "
        "write *help* to see examples."
    ),
    # Fixed notices
    "kind.unsupported": (
        "Thank you! I can only read text messages for now. Please write me what you "
        "need, or write *agent* to reach a person."
    ),
    "apology": (
        "I am sorry, something went wrong on my side. Please try again in a few "
        "minutes, or write *agent* to reach a person."
    ),
    "restricted": (
        "I am sorry, I cannot change vouchers at the moment. I can still look things "
        "up. Please try again in a few minutes, or write *agent* to reach a person."
    ),
    "hand_over": (
        "I have passed your conversation to a person. Someone will answer you here as "
        "soon as possible."
    ),
    "colleague.queue": "You are in the queue. A person of our team will answer you here as soon as possible.",
    "colleague.writes": "*A person of our team writes:*",
    "colleague.taken": "A person of our team has joined this chat and will answer you here. The assistant pauses.",
    "colleague.returned": "The assistant answers you here again. Write *agent* whenever you want a person.",
    "canned.looking": "Thank you for waiting. I am looking into it and will answer you here.",
    "canned.which_station": "Please tell me which station you were at, and when, so that I can find it.",
    "canned.no_code": "Please do not write your voucher code here: our team never needs it.",
    "canned.later": "This takes a little longer. I will answer you here before the end of the day.",
    "canned.solved": "This is solved now. Can I help you with anything else?",
    "flood": (
        "You have sent very many messages. I have kept them, but I can only answer "
        "some. Please wait a little, and then write me in one message what you need."
    ),
    "budget": (
        "That was a lot for one day: I can answer you again tomorrow. I have kept "
        "your messages. If it cannot wait, write *agent* to reach a person."
    ),
    "consent.stopped": (
        "You will get no more messages from us. Write START when you want them again."
    ),
    "consent.started": "Welcome back! You will get our messages again.",
    # Confirm buttons
    "confirm.create": (
        "Create a voucher of *{amount}* for {name} ({msisdn})?\n"
        "Please press a button within 10 minutes."
    ),
    "confirm.create_approval": (
        "Create a voucher of *{amount}* for {name} ({msisdn})? A second person has "
        "to approve it.\nPlease press a button within 10 minutes."
    ),
    "confirm.redeem": (
        "Redeem voucher *{reference}* of *{amount}* at {station}?\n"
        "Please press a button within 10 minutes."
    ),
    "confirm.redeem_for": (
        "Redeem voucher *{reference}* of *{amount}* of {name} ({msisdn}) at {station}?\n"
        "Please press a button within 10 minutes."
    ),
    "confirm.void": (
        "Void voucher *{reference}* of *{amount}* of {name} ({msisdn})? Reason: {reason}\n"
        "Please press a button within 10 minutes."
    ),
    "button.confirm": "Yes, do it",
    "button.cancel": "No, cancel",
    "confirm.declined": "All right. Nothing was changed.",
    "confirm.expired": (
        "That question is more than 10 minutes old, so nothing was changed. Please ask "
        "me again."
    ),
    "confirm.used": "You have already answered that question.",
    "confirm.replaced": "A newer question took its place; nothing was changed by this.",
    "confirm.foreign": "That button is not for you; nothing was changed.",
    # Receipts
    "receipt.issue": (
        "✅ Voucher created.\nAmount: *{amount}*\nFor: {name} ({msisdn})\n"
        "Reference: {reference}\nCode: *{code}*\nValid until: {expires}"
    ),
    "receipt.issue_without_code": (
        "✅ Voucher created.\nAmount: *{amount}*\nFor: {name} ({msisdn})\n"
        "Reference: {reference}\nValid until: {expires}\n"
        "Its code can no longer be shown."
    ),
    "receipt.not_reached": (
        "⚠️ The customer cannot be reached on WhatsApp. Please tell them the reference "
        "and the code yourself."
    ),
    "receipt.pending": (
        "⏳ Voucher {reference} of *{amount}* for {name} ({msisdn}) waits for the "
        "approval of a second person. It has no code until then."
    ),
    "receipt.redeem": (
        "✅ Voucher {reference} of *{amount}* was redeemed at {station} on {at}."
    ),
    "receipt.void": (
        "✅ Voucher {reference} of *{amount}* was voided on {at}. Reason: {reason}"
    ),
    "lookup.found": "{name}\nNumber: {msisdn}",
    "lookup.self": "You are {name}.\nNumber: {msisdn}",
    "lookup.code": (
        "Voucher {reference} of *{amount}*: {status}\nCustomer: {name} ({msisdn})"
    ),
    "lookup.unknown": "I know no customer with the number {msisdn}.",
    "name.unknown": "a customer without a name",
    "msisdn.not_written": "{msisdn}, a number that you did not write",
    "reference.not_written": "{reference}, a reference that you did not write",
    "msisdn.unknown": "no number",
    "list.header": "Your vouchers:",
    "list.line": "• {reference}: *{amount}*, {status}, valid until {expires}",
    "list.empty": "You have no vouchers.",
    "list.more": "… and {count} more.",
    "status.pending_approval": ("waiting for approval"),
    "status.issued": "ready to use",
    "status.redeemed": "redeemed",
    "status.void": "voided",
    "status.expired": "expired",
    # Notices to the other side
    "notice.station": (
        "⛽ Voucher {reference} of *{amount}* was redeemed by its customer at "
        "{station} on {at}."
    ),
    "notice.issued": (
        "🎁 You have a new fuel voucher of *{amount}*.\nReference: {reference}\n"
        "Code: *{code}*\nValid until: {expires}\nKeep the code to yourself until you "
        "are at the station."
    ),
    "notice.approved": (
        "✅ Voucher {reference} of *{amount}* was approved.\nCode: *{code}*\n"
        "Valid until: {expires}"
    ),
    "notice.declined": (
        "Voucher {reference} of *{amount}* was not approved. Reason: {reason}"
    ),
    "notice.request_ended": (
        "Voucher {reference} of *{amount}* was not approved in time. The request has ended: ask again if it is still needed."
    ),
    "notice.redeemed": (
        "⛽ Your voucher {reference} of *{amount}* was redeemed at {station} on {at}. "
        "If that was not you, write *agent*."
    ),
    "notice.voided": "Your voucher {reference} of *{amount}* was voided.",
    "notice.reversed": (
        "The redemption of your voucher {reference} of *{amount}* at {station} was taken "
        "back. You can use the voucher again until {expires}."
    ),
    "notice.not_reached": (
        "{reference}: I could not reach the customer on WhatsApp. Please tell them the "
        "reference and the code yourself."
    ),
    # Refusals
    "refused.limit_exceeded": "That is more than a limit allows: {limit}.",
    "limit.voucher": "at most {amount} for one voucher",
    "limit.issuer_daily": ("you may create at most {amount} in one day"),
    "limit.customer_daily": "at most {amount} for one customer in one day",
    "refused.not_issued": ("That cannot be done with this voucher: it is {status}."),
    "refused.redeemed": "That voucher was redeemed already, on {at}.",
    "refused.void": "That voucher was voided already, on {at}.",
    "refused.expired": "That voucher has expired.",
    "refused.locked": (
        "There were too many wrong codes, unknown numbers or references. Please wait {minutes} minutes and try again, "
        "or write *agent*."
    ),
    "refused.voucher_not_found": (
        "I cannot find a voucher like that. Please check the code or the reference."
    ),
    "refused.mistyped_code": (
        "There seems to be a slip in that code. Please check its 16 digits and send "
        "them again."
    ),
    "refused.customer_not_found": (
        "I know no customer with that number, so nothing was changed."
    ),
    "refused.station_not_found": (
        "I do not know that station. Please send its exact name or code."
    ),
    "refused.wrong_station": ("You cannot redeem vouchers at that station."),
    "refused.feature_disabled": (
        "That is switched off at the moment; nothing was changed."
    ),
    "refused.rate_limited": (
        "That was a lot in one minute. Please wait {seconds} seconds and try again."
    ),
    "refused.forbidden": "I cannot do that for you; nothing was changed.",
    "refused.invalid_amount": (
        "I cannot use that amount. Please write whole francs in plain digits, like "
        "10000."
    ),
    "refused.invalid_number": (
        "That is no telephone number I can use. Please send it like +250788123456."
    ),
    "refused.invalid_currency": "I cannot create vouchers in that currency.",
    "refused.key_reused": (
        "Something about this request changed on the way, so nothing was done. A "
        "person will look at it."
    ),
    "refused.one_change": (
        "I make one change at a time. Please send me the next one in a new message."
    ),
    "refused.invalid_request": "I could not read that request; nothing was changed.",
    "refused.other": "That was refused; nothing was changed.",
    # Messages that are not plain text
    "heard": "I heard: “{text}”",
    "kind.voice": (
        "Sorry, I could not understand the voice note. Please write to me "
        "what you need, or *agent* for a person."
    ),
    "kind.location": (
        "Thank you! I cannot use a place on the map. Please write the name of"
        " the station."
    ),
    "kind.contact": (
        "Thank you! I do not act on a contact card. Please write the phone "
        "number itself, and what you need."
    ),
    "kind.order": (
        "Thank you! I cannot take orders from a catalogue. Please write to me"
        " what you need, or *agent* for a person."
    ),
    "kind.media": (
        "Thank you! I cannot look at pictures, films or files. Please write "
        "to me what you need, or *agent* for a person."
    ),
    "kind.number_noted": "Thank you! I have noted your phone number. How can I help you?",
    "kind.resend": (
        "Sorry, what you sent did not reach me. Please send it again, or write it."
    ),
    "kind.edited": (
        "I had already read your message, so the change has no effect. Please"
        " write again what you need."
    ),
    # The end of a conversation
    "call.broke_off": (
        "Sorry, your phone call with us broke off. What was confirmed stays. "
        "Call again, or write to me here."
    ),
    "capped": (
        "I cannot go on with this by myself. I have passed our conversation to a "
        "person, who will answer you here as soon as possible."
    ),
    "satisfaction.ask": "Were we able to help you?",
    "satisfaction.thanks": "Thank you for telling us! We are glad.",
    "satisfaction.sorry": (
        "Thank you for telling us. We are sorry. Write *agent* to reach a person."
    ),
    "button.satisfied": "Yes, thank you",
    "button.dissatisfied": "No, not really",
}
