"""Openings, digressions and closings of notes, letters and phone messages, by style and slot. `visit_prose` has the other slots."""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import SplitSentences

STYLES: dict[str, dict[str, SplitSentences]] = {
    "note": {
        "opening": (
            (
                "Nurse's note on {name}, {age} years old, room by the stairs.",
                "Early shift. Note on {name}, aged {age}.",
                "Intake, early shift. Patient: {name}, age {age}.",
                "Patient: {name}. Age: {age}. Arrived on foot.",
                "Saw {name}, {age}, at the front desk.",
                "Today we saw {name} ({age}), who walked in without an appointment.",
                "Took over the patient {name}, {age}, from the night shift.",
            ),
            (
                "Entry of the late shift. Patient: {name}, {age} years of age.",
                "Second cubicle, after lunch. Note on {name}, {age} years by the passport.",
                "Sheet two of the ward book. This afternoon we saw {name}, {age}.",
                "Came by taxi, the patient {name}, aged {age}.",
            ),
        ),
        "digression": (
            (
                "A little nervous and very talkative, came straight from work.",
                "The bag was left at the desk and has been fetched since.",
                "Would like a bed by the window if it ever comes to that.",
                "Asked twice where the coffee machine is.",
                "The paper form had to be filled in twice because the pen leaked.",
                "Talked at length about the new tram and the rain.",
                "The interpreter was not needed after all.",
                "Shoes and jacket are in the locker.",
            ),
            (
                "Would rather have come in the afternoon, but the shop is closed on Tuesdays.",
                "Laughed about the old magazines in the waiting room.",
                "The umbrella stays with us until Monday.",
            ),
        ),
        "closing": (
            ("End of note.", "Doctor informed.", "Handed over to the next shift.", "Will look again after lunch."),
            ("Signed for the late shift.", "That is the state of things."),
        ),
    },
    "letter": {
        "opening": (
            (
                "Dear colleague, thank you for seeing {name}, who is {age}.",
                "To the practice. I write about {name}, {age} years old.",
                "Dictation. Letter about {name}, aged {age}, new paragraph.",
                "Dear doctor, today I saw {name}, {age}.",
                "Dear colleague, this morning I saw {name}, aged {age}.",
                "Re: {name}, {age} years. I am glad to report on today's visit.",
                "Re: {name}, {age}. Thank you for your call.",
                "Dear team, this letter is about {name}, {age}.",
            ),
            (
                "Honoured colleague, may I write to you about {name}, now {age}.",
                "Please type as follows. An hour ago I saw {name}, {age} years of age.",
                "To the hospital, by fax. Re: {name}, {age} years of age.",
                "My dear friend, a line or two about {name}, aged {age}.",
            ),
        ),
        "digression": (
            (
                "As you know, we have been short of staff since the summer.",
                "I hope that your new rooms are to your liking.",
                "Please excuse that this letter comes by fax, the line is down again.",
                "We had a long talk, part of it about football.",
                "Comma, no, leave that out, and go on in a new line.",
                "A very pleasant person with a lively family, by the way.",
                "You may remember the case from our meeting in autumn.",
                "I dictate this between two house calls.",
            ),
            (
                "Let me add that the view from your ward is still spoken of.",
                "My secretary will send the forms, once she has found them.",
                "Our mutual friend from the hospital sends greetings.",
            ),
        ),
        "closing": (
            ("With kind regards.", "Thank you for your help.", "Yours, and end of dictation.", "I look forward to your opinion."),
            ("With thanks and best wishes.", "Always at your service."),
        ),
    },
    "phone": {
        "opening": (
            (
                "Phone message, taken at noon: it is about {name}, {age}.",
                "Hi, this is the ward calling about {name}, {age} years old.",
                "You have one new message. Good evening, I am calling about {name}, aged {age}.",
                "Voicemail of the evening. It is about {name}, {age}.",
                "Hello, can you hear me? I have {name} here, {age} years.",
                "Good day, I have {name} here, who is {age}.",
                "Message for the doctor on duty. The patient is {name}, {age}.",
                "Hello, the front desk here. The patient is {name}, aged {age}.",
            ),
            (
                "Recording of this morning. Once more I am calling about {name}, {age} years of age.",
                "Hello, me again, from the other building. This time it is about {name}, who is {age}.",
                "Do not hang up, please. The patient is {name}, {age} years by the card.",
                "Second try to reach you. Beside me I have {name}, aged {age}.",
            ),
        ),
        "digression": (
            (
                "Sorry, there is a lot of noise here, they are moving the beds.",
                "Wait, I have to turn the page. Right.",
                "I tried to reach you before, but the line was busy.",
                "If I cough, that is only the dust from the building site.",
                "Where was I? Yes, the patient.",
                "My battery is low, so I talk fast.",
                "The family is in the corridor and says hello, they know you from the market.",
                "I hope the machine has room for all of this.",
            ),
            (
                "One second, somebody wants the stapler. Here I am again.",
                "I speak from the car park, so bear with me.",
                "You still have my bicycle pump, if I may say so.",
            ),
        ),
        "closing": (
            ("Please call me back.", "That was all, thank you.", "Bye for now.", "You can reach me until six."),
            ("Ring the desk if anything is unclear.", "So much for today, goodbye."),
        ),
    },
}
