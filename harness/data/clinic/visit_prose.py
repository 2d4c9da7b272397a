"""What notes, letters and phone messages say of a patient, by slot: (sentences of train and validation, sentences of test).

Openings, digressions and closings are of one style; all other sentences stand in any of the three. The words that decide about an
alert are those of `visit_dialogue`.
"""

from __future__ import annotations

from harness.data.clinic.visit_dialogue import Sentences

PROSE: dict[str, tuple[Sentences, Sentences]] = {
    "complaint": (
        (
            "Complains of {complaint} for {duration}.",
            "Reports {complaint}, which began {duration} ago.",
            "The reason for coming is {complaint}, present for {duration}.",
            "Has been suffering from {complaint} for {duration}.",
            "Main problem: {symptom}, {severity}, for {duration}.",
            "For {duration} the patient has had {complaint}.",
            "Presents with {complaint} of {duration}.",
            "Came in because of {complaint}; onset {duration} ago.",
            "The story is one of {complaint} over {duration}.",
            "The trouble is {symptom}, described as {severity}, and it has lasted {duration}.",
        ),
        (
            "What brought the patient here is {complaint}, {duration} old.",
            "Tells of {duration} with {complaint}.",
            "It all turns on {symptom}. Asked how bad, the answer was {severity}. Time so far: {duration}.",
            "Has put up with {complaint} for as long as {duration}.",
        ),
    ),
    "denial": (
        (
            "Denies {denied}.",
            "No {denied}.",
            "The talk turned up no {denied}.",
            "The patient has not had {denied}.",
            "Asked about {denied}, the patient said no.",
            "Without {denied} so far.",
            "Never any {denied}.",
            "No sign of {denied}.",
            "The question about {denied} was answered with no.",
        ),
        (
            "As for {denied}, there is none.",
            "Has not noticed {denied}.",
            "So far no {denied} has come up.",
        ),
    ),
    "history": (
        (
            "History of {history}.",
            "Known for {history}.",
            "Past illness: {history}.",
            "The file mentions {history}.",
            "In the past there was {history}.",
            "Earlier treated for {history}.",
            "Of note, {history} in the history.",
            "Has a background of {history}.",
            "Previously seen for {history}.",
        ),
        (
            "The older papers speak of {history}.",
            "Was under care for {history} before.",
            "Among former illnesses we find {history}.",
        ),
    ),
    "meds": (
        (
            "Takes {meds}.",
            "Current medication: {meds}.",
            "Is on {meds}.",
            "The patient uses {meds} at present.",
            "Regular drugs are {meds}.",
            "At home the patient takes {meds}.",
            "The pharmacy record shows {meds}.",
            "Continues with {meds}.",
            "Brought the packs along: {meds}.",
            "Already on {meds} from before.",
        ),
        (
            "The pill box held {meds}.",
            "Standing medication is {meds}.",
            "So far treated with {meds}.",
            "According to the card, {meds} is what the patient has daily.",
        ),
    ),
    "no meds": (
        (
            "Takes no medication.",
            "Current medication: none.",
            "Is on no drugs.",
            "The patient uses no drugs at present.",
            "No regular drugs.",
            "At home the patient takes nothing.",
            "The pharmacy record shows nothing.",
            "No tablets so far.",
            "The patient brought no packs along, there are none.",
        ),
        (
            "The pill box was empty.",
            "No standing medication.",
            "So far treated with nothing.",
        ),
    ),
    "allergy": (
        (
            "Allergic to {allergies}.",
            "Allergies: {allergies}.",
            "The patient is allergic to {allergies}.",
            "Known allergy to {allergies}.",
            "Reacts to {allergies}.",
            "An allergy card names {allergies}.",
            "Please note the allergy to {allergies}.",
            "For allergies the chart has {allergies}.",
            "The red allergy sticker says {allergies}.",
            "There is an allergy to {allergies}.",
        ),
        (
            "The wristband for allergies reads {allergies}.",
            "Has reacted to {allergies} before.",
            "Of allergies we know {allergies}.",
            "Allergic, according to the file, to {allergies}.",
        ),
    ),
    "no allergy": (
        (
            "No allergies.",
            "Allergies: none.",
            "The patient is not allergic to anything.",
            "No known allergy.",
            "Reacts to nothing, no allergies.",
            "There is no allergy card.",
            "Has never had an allergy.",
            "For allergies the chart has nothing.",
            "Without allergies.",
        ),
        (
            "The wristband for allergies is blank.",
            "Of allergies we know none.",
            "Allergic, according to the file, to nothing.",
        ),
    ),
    "cleared": (
        (
            "An allergy to {cleared} was ruled out.",
            "The old allergy entry of {cleared} was a mistake.",
            "The allergy test for {cleared} was negative.",
            "Once {cleared} was suspected of an allergy and found harmless.",
            "An earlier note of an allergy to {cleared} is a mistake.",
            "Allergy to {cleared}: ruled out by a skin test.",
            "Tested for {cleared}, negative, so that allergy is off the file.",
            "Somebody had put {cleared} under allergies by mistake.",
            "The suspected allergy to {cleared} proved harmless.",
        ),
        (
            "As to {cleared}, the question of an allergy came back negative.",
            "The referral named an allergy to {cleared}, which has been ruled out since.",
            "Whoever wrote {cleared} under allergies made a mistake.",
        ),
    ),
    "kin allergy": (
        (
            "The patient's {kin} is allergic to {kin_drug}.",
            "Family: the {kin} has an allergy to {kin_drug}.",
            "It is the {kin} who cannot have {kin_drug}.",
            "The {kin} once reacted to {kin_drug}.",
            "An allergy to {kin_drug} is that of the {kin}.",
            "The {kin} got hives from {kin_drug}.",
            "Only the {kin} has trouble with {kin_drug}.",
            "The allergy to {kin_drug} belongs to the {kin}, who shares the file.",
            "Of the family, the {kin} is allergic to {kin_drug}.",
        ),
        (
            "Not to be mixed up with the {kin}, who is allergic to {kin_drug}.",
            "The {kin} came along and spoke of an own allergy to {kin_drug}.",
            "A reaction to {kin_drug} happened to the {kin}.",
        ),
    ),
    "vital": (
        (
            "The {vital} was {reading}, target {low} to {high}.",
            "Measured {vital}: {reading}. Range for this patient: {low} to {high}.",
            "The {vital} should be {low} to {high} and was {reading}.",
            "With a {vital} of {reading} and a range of {low} to {high}.",
            "We note {vital} {reading}; accepted are {low} to {high}.",
            "Our plan asks for a {vital} of {low} to {high}. We found {reading}.",
            "On arrival {vital} {reading}, planned {low} to {high}.",
            "For the {vital}, {low} to {high} is allowed here. It came to {reading}.",
            "We read a {vital} of {reading}. Allowed is {low} to {high}.",
            "The order says {vital} {low} to {high}. It is {reading} now.",
        ),
        (
            "The monitor gave {reading} for {vital}, and {low} to {high} is expected.",
            "Agreed corridor of the {vital}: {low} to {high}. Value today: {reading}.",
            "{reading} is the {vital}, whereas the sheet wants {low} to {high}.",
            "Checked the {vital} twice, {reading} both times. The sheet has {low} to {high}.",
        ),
    ),
    "other vital": (
        (
            "The {other_vital} was {other_reading}.",
            "Likewise {other_vital} {other_reading}.",
            "Also measured: {other_vital} {other_reading}.",
            "The {other_vital} stands at {other_reading}.",
            "{other_reading} for the {other_vital}.",
            "We noted a {other_vital} of {other_reading}.",
            "The chart has {other_vital} {other_reading}.",
            "At the desk the {other_vital} was {other_reading}.",
            "With a {other_vital} of {other_reading}.",
        ),
        (
            "The {other_vital} came out as {other_reading}.",
            "On the side, {other_vital} at {other_reading}.",
            "The clip showed {other_reading} for {other_vital}.",
        ),
    ),
    "kin vital": (
        (
            "The {kin} had {kin_reading} last week.",
            "At home {kin_reading} was measured, but for the {kin}.",
            "A slip with {kin_reading} turned out to be that of the {kin}.",
            "The {kin}, also present, has {kin_reading} as a rule.",
            "Mentions {kin_reading} in the {kin}.",
            "The value {kin_reading} in the folder belongs to the {kin}.",
            "For the {kin} it was {kin_reading} on Monday.",
            "The {kin} was kept in with {kin_reading}.",
            "Worried since the {kin} got {kin_reading}.",
        ),
        (
            "Talked a lot about the {kin}, who walks around with {kin_reading}.",
            "The {kin} had the same thing show {kin_reading}.",
            "A figure of {kin_reading} is not ours but from the {kin}.",
        ),
    ),
    "stopped": (
        (
            "Stopped {stopped} {years} years ago.",
            "The drug {stopped} was stopped {years} years ago.",
            "Used to have {stopped}, given up {years} years ago.",
            "Off {stopped} for {years} years.",
            "Former drug: {stopped}, ended {years} years ago.",
            "The last {stopped} was {years} years ago.",
            "Quit {stopped} {years} years back.",
            "By choice {stopped} was dropped {years} years ago.",
            "There was {stopped} once, until {years} years ago.",
        ),
        (
            "Parted with {stopped} as long as {years} years ago.",
            "{years} years have passed since {stopped} was given.",
            "The file still shows {stopped}, which ended {years} years ago.",
        ),
    ),
    "interaction": (
        (
            "Mind that {drug} must never be taken together with {clash}.",
            "Note: never {drug} with {clash}.",
            "Our list says that {drug} must not be combined with {clash}.",
            "The leaflet says that {drug} and {clash} must not be mixed.",
            "Those who take {clash} must not have {drug}.",
            "Never give {drug} and {clash} to the same person.",
            "By our rules {drug} does not go with {clash}.",
            "To all shifts: {drug} and {clash} are never to be given together.",
            "The pharmacy reminds us: not {drug} and {clash} together.",
            "It holds that {drug} is not given beside {clash}.",
        ),
        (
            "The house list forbids it: never {clash} on top of {drug}.",
            "A pair that must not meet: {drug} and {clash}.",
            "The handbook says that {drug} is not for people with {clash}.",
            "One never adds {drug} to {clash}.",
        ),
    ),
    "prescription": (
        (
            "Prescribed {drug_said} {dose_said} {frequency}.",
            "New prescription: {drug_said} {dose_said}, {frequency}.",
            "We start {drug_said} {dose_said} {frequency}, {route}.",
            "The doctor ordered {drug_said} {dose_said} {frequency}.",
            "The plan is {drug_said}, {dose_said}, {frequency}.",
            "From today {drug_said} {dose_said} {frequency}.",
            "To be started: {drug_said} {dose_said} {frequency}, {route}.",
            "A prescription was written for {drug_said} {dose_said}, {frequency}.",
            "Treatment from now on will be {drug_said} at {dose_said} {frequency}.",
            "Started on {drug_said} {dose_said} {frequency}.",
        ),
        (
            "As a new drug there is {drug_said}, namely {dose_said} {frequency}.",
            "The paper for the pharmacy says {drug_said} {dose_said} {frequency}.",
            "We settled on {drug_said}, {route}, {dose_said} {frequency}.",
            "What is added now is {drug_said} {dose_said}, {frequency}.",
        ),
    ),
}

# style → slot → sentences
STYLES: dict[str, dict[str, tuple[Sentences, Sentences]]] = {
    "note": {
        "opening": (
            (
                "Nurse's note, room by the stairs. {name}, {age} years old.",
                "Intake, early shift. Patient {name}, age {age}.",
                "Saw {name}, {age}, at the front desk.",
                "Note for the team: {name} ({age}) walked in without an appointment.",
                "Patient: {name}. Age: {age}. Arrived on foot.",
                "Took over {name}, {age}, from the night shift.",
            ),
            (
                "Entry of the late shift about {name}, {age} years of age.",
                "In the second cubicle sits {name}, aged {age}.",
                "Sheet two of the ward book. Today we care for {name}, {age}.",
                "{name} came by taxi, {age} years by the passport.",
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
                "Dictation. Letter on {name}, aged {age}, new paragraph.",
                "Dear doctor, today I saw {name}, {age}.",
                "Re: {name}, {age} years. I am glad to report on today's visit.",
                "Dear team, this letter goes with {name}, {age}.",
            ),
            (
                "Honoured colleague, may I tell you of {name}, now {age}.",
                "Please type as follows. {name}, {age} years of age, came to me today.",
                "With this I send you {name}, at {age} one of my oldest acquaintances.",
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
                "You have one new message. Good evening, I am calling for {name}, aged {age}.",
                "Voicemail of the evening. It concerns {name}, {age}.",
                "Hello, can you hear me? I have {name} here, {age} years.",
                "Message for the doctor on duty. The patient is {name}, {age}.",
            ),
            (
                "Recording of this morning. I ring because of {name}, {age} years of age.",
                "Hello, me again, from the other building. This time it is {name}, who is {age}.",
                "Do not hang up, this is about {name}. The card says {age} years.",
                "Second try to reach you. Beside me stands {name}, aged {age}.",
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
