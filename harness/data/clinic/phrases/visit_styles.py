"""Openings, digressions and closings of letters and phone messages, by style and slot. `visit_prose` has the other slots."""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import SplitSentences

STYLES: dict[str, dict[str, SplitSentences]] = {
    "letter": {
        "opening": (
            (
                "Dear colleague, thank you for seeing {name}, who is {age}.",
                "Dear colleague, thank you for referring {name}, {age} years old.",
                "Dictated letter regarding {name}, aged {age}.",
                "Dear doctor, today I saw {name}, age {age}.",
                "Dear colleague, this morning I saw {name}, aged {age}.",
                "Re: {name}, {age} years old. I am writing with an update after today's visit.",
                "Re: {name}, age {age}. Thank you for your call.",
                "Dear team, I am writing about {name}, aged {age}.",
            ),
            (
                "Dear colleague, I would be grateful to you for seeing {name}, who is {age}.",
                "To the outpatient clinic. An hour ago I saw {name}, {age} years old.",
                "Sent by fax. Re: {name}, {age} years old.",
                "Dear doctor, just a short note about {name}, aged {age}.",
            ),
        ),
        "digression": (
            (
                "As you know, we have been short-staffed since the summer.",
                "I hope you are settling in well at the new clinic.",
                "My apologies for sending this by fax, as our email is down again.",
                "We had a long conversation, part of it about football.",
                "It was a pleasure to meet the whole family.",
                "You may remember the case from our meeting in the fall.",
                "I am dictating this between two house calls.",
                "Please excuse the delay in getting this letter to you.",
            ),
            (
                "It was good to see you at the conference last month.",
                "My secretary will send the forms separately as soon as possible.",
                "Everyone here sends their regards to your team.",
            ),
        ),
        "closing": (
            ("Kind regards.", "Thank you for your help.", "Sincerely, and with thanks.", "I would be grateful for your opinion."),
            ("With thanks and best wishes.", "Please call me to discuss."),
        ),
    },
    "phone": {
        "opening": (
            (
                "Phone message taken at noon. It's about {name}, {age}.",
                "Hi, this is the clinic calling about {name}, {age} years old.",
                "You have one new message. Good evening, I'm calling about {name}, aged {age}.",
                "Voicemail from this evening. It's about {name}, {age}.",
                "Hello, can you hear me? I have {name} here, age {age}.",
                "Good morning, I have {name} here, who is {age}.",
                "Message for the doctor on call. The patient is {name}, age {age}.",
                "Hi, it's the front desk. The patient is {name}, aged {age}.",
            ),
            (
                "Voicemail from this morning. I'm calling again about {name}, {age} years old.",
                "Hi, it's me again from the other building. This time it's about {name}, who is {age}.",
                "Sorry to bother you on your break. The patient is {name}, {age} years old.",
                "I tried you earlier. Next to me I have {name}, aged {age}.",
            ),
        ),
        "digression": (
            (
                "Sorry about the noise, they're moving beds out here.",
                "Hold on, let me turn the page. Okay.",
                "I tried to reach you earlier, but the line was busy.",
                "Excuse my voice, I'm getting over a cold.",
                "Where was I? Right, the patient.",
                "My battery's low, so I'll make this quick.",
                "The family's out in the hallway and says hi.",
                "I hope your voicemail doesn't cut me off.",
            ),
            (
                "One second, somebody needs the stapler. Okay, I'm back.",
                "I'm calling from the parking lot, so the signal isn't great.",
                "You still have my phone charger, by the way.",
            ),
        ),
        "closing": (
            ("Please call me back.", "That's all, thank you.", "Okay, bye for now.", "I'm here until six if you need me."),
            ("Call the desk if anything is unclear.", "Okay, that's it for now. Bye."),
        ),
    },
}
