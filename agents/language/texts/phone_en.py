"""What is said on the phone, and what is written about a call and a PIN."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # The call
    "phone.greeting": (
        "Hello. This is the automated assistant for fuel vouchers. What is said is "
        "written down. Press 3 to hear another language. How can I help you?"
    ),
    "phone.language": "We go on in English.",
    "phone.silence": "Are you still there?",
    "phone.unclear": "I am sorry, I did not understand that. Could you say it again?",
    "phone.soft_limit": "This call can last {minutes} more minutes.",
    "phone.hard_limit": (
        "The time for this call is over. You can write to us on WhatsApp. Goodbye."
    ),
    "phone.idle_end": "I cannot hear you, so I end the call. Goodbye.",
    "phone.unclear_end": (
        "I am sorry, I cannot help you on the phone. Please write to us on WhatsApp. "
        "Goodbye."
    ),
    "phone.budget_end": (
        "I have to end this call now. You can write to us on WhatsApp. Goodbye."
    ),
    "phone.switched_off": (
        "The telephone service is being switched off now. Please write to us on "
        "WhatsApp, or call again later. Goodbye."
    ),
    "phone.goodbye": "Thank you for calling. Goodbye.",
    "phone.apology": (
        "I am sorry, something went wrong on my side. Please write to us on WhatsApp, "
        "or call again later. Goodbye."
    ),
    "phone.back": "I am back. There was a short break. How can I help you?",
    "phone.transfer": "I am putting you through to a person. Please stay on the line.",
    "phone.transfer_failed": (
        "I could not reach a person now. I have noted that a person should call you "
        "back."
    ),
    "phone.callback": "I have noted that a person should call you back.",
    # The PIN
    "phone.pin_needed": (
        "Please enter your PIN on the keypad, and then press the hash key. Do not say "
        "it aloud."
    ),
    "phone.pin_right": "Thank you. What can I do for you?",
    "phone.pin_wrong": (
        "That PIN is not right. Please enter it again. Tries left: {left}."
    ),
    "phone.pin_too_long": "That was too long for a PIN, and it does not count. Please enter your PIN of 4 to 6 digits, and then press the hash key.",
    "phone.pin_locked": (
        "There were too many wrong PINs. For {minutes} minutes no PIN can be entered. "
        "You can write to us on WhatsApp. Goodbye."
    ),
    "phone.button_sent": (
        "If this number uses our WhatsApp service, I have sent a message there. Press "
        "the button in it to go on without a PIN."
    ),
    "phone.question_sent": "If this number uses our WhatsApp service, I have sent the question there too. You can answer it with the button in it.",
    # Tools
    "phone.press": "Press 1 for yes or 2 for no.",
    "phone.declined": "All right. Nothing was changed.",
    "phone.question_over": (
        "That question is no longer open. Nothing was changed by this key. Please ask "
        "me again."
    ),
    "phone.last_digits": "a number that ends in {digits}",
    "phone.code_needed": (
        "Please enter the 16 digits of the code on the keypad. Do not say them aloud."
    ),
    "phone.code_entered": "Thank you, I have the code.",
    "phone.code_wrong": "That is not a whole code. Please enter its 16 digits again.",
    "phone.slow": "This takes a while. I will send it to you on WhatsApp.",
    "phone.slow_unsent": "This takes longer than usual. Please ask me again in a moment.",
    "phone.receipt_sent": "You also get this on WhatsApp.",
    # What the model asks when it works without OpenAI
    "phone.help": "I can tell you which vouchers you have and use one at a station. For that you enter your PIN on the keypad. I can also put you through to a person.",
    "phone.press_first": "Please answer first with 1 for yes or 2 for no.",
    "phone.ask_intent": "Please say in one sentence what I should do. For example: show me my vouchers.",
    "phone.help_team": "I can look up customers, and create, redeem and void vouchers, as far as you may. For that you enter your PIN on the keypad.",
    "phone.ask_amount": "For which amount?",
    "phone.ask_number": "For which telephone number? Please say all its digits.",
    "phone.ask_station": "At which station?",
    "phone.ask_create": "Shall I create a voucher with that amount for that number? Please say yes or no.",
    # Corrections
    "phone.correction": (
        "I have to correct myself: what I just said is not certain. I have changed "
        "nothing by it."
    ),
    "phone.correction_shown": "I have to correct myself. This is what is stored:",
    "phone.correction_person": (
        "I have to correct myself: I have not put you through to a person. If you want "
        "that, please say so."
    ),
    "phone.correction_secret": (
        "I have to correct myself: never say a PIN or a code aloud, not to me either."
    ),
    "phone.correction_end": (
        "I have made a mistake again, so I end this call to be safe. Please write to us "
        "on WhatsApp. Goodbye."
    ),
    # Written on WhatsApp about a call
    "phone.identify": (
        "📞 A person is calling us from your number, since {time}. Is that you?\n"
        "Press *Yes* only if you are on the phone with us now. The button is valid for "
        "10 minutes."
    ),
    "button.calling": "Yes, it is me",
    "button.not_calling": "No",
    "phone.identified": "Thank you. Please go on on the phone.",
    "phone.not_calling": (
        "Thank you for telling us. The caller will not hear anything about your "
        "vouchers."
    ),
    "phone.call_over": "That call is over. Nothing was changed.",
    "phone.on_whatsapp": "📞 From your phone call:",
    # The PIN's page
    "pin.link": (
        "Choose your PIN for our telephone service on this page:\n{link}\n"
        "The link works once, for 30 minutes. Pass it on to no one. We will never ask "
        "for your PIN in a chat."
    ),
    "pin.not_now": (
        "I cannot send you a link for a PIN now. Please try again in an hour, or write "
        "*agent* to reach a person."
    ),
    "pin.was_set": (
        "Your PIN for the telephone service was set just now. If that was not you, "
        "write *agent*."
    ),
    "pin_page.title": "Your PIN for the telephone",
    "pin_page.rules": (
        "Choose 4 to 6 digits. Not allowed, because they are easy to guess: repeated "
        "digits, digits in a row, a year, and the end of your own number."
    ),
    "pin_page.first": "New PIN",
    "pin_page.again": "The same PIN again",
    "pin_page.submit": "Save the PIN",
    "pin_page.safety": "We never ask for your PIN in a chat, and no colleague can see it.",
    "pin_page.done": (
        "Your PIN is saved. Enter it on the keypad when you call us. You can close this "
        "page."
    ),
    "pin_page.gone": (
        "This link is not valid any more. Write *PIN* to us on WhatsApp for a new one."
    ),
    "pin_page.impossible": "No PIN can be set for you now. Write to us on WhatsApp.",
    "pin_page.too_many": "That was too often. Please wait ten minutes and try again.",
    "pin_page.shape": "A PIN has 4 to 6 digits and nothing else.",
    "pin_page.different": "The two PINs are different. Please enter the same PIN twice.",
    "pin_page.repeated": (
        "A PIN of repeated digits is easy to guess. Please choose another one."
    ),
    "pin_page.sequence": (
        "A PIN of digits in a row is easy to guess. Please choose another one."
    ),
    "pin_page.year": (
        "A PIN that looks like a year is easy to guess. Please choose another one."
    ),
    "pin_page.own_number": (
        "The end of your own number is easy to guess. Please choose another PIN."
    ),
}
