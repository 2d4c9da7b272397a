"""Symptoms, severities, denied symptoms, past illnesses, allergens and relatives.

A severity precedes a symptom: "(a) mild dry cough". No symptom contradicts the denial of another.
"""

from __future__ import annotations


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.replace("\n", ",").split(",") if line.strip())


# symptoms that take an article
COUNTED = _lines(
    """
    headache, dry cough, wet cough, nighttime cough, sore throat, hoarse voice, blocked nose, runny nose, toothache, earache
    stomach ache, stiff neck, stiff shoulder, stiff knee, sore back, sore hip, sore elbow, sore wrist, sore heel
    sore thumb, sprained ankle, swollen knee, swollen ankle, swollen finger, swollen eyelid, swollen gland, bruised rib
    bruised shin, pulled hamstring, cramp in the calf, cramp in the foot, burning feeling in the feet
    tingling in the fingers, tingling in the toes, tremor in the hands, twitch in the eyelid, rash on the arms
    rash on the neck, rash on the belly, rash behind the ears, itchy scalp, itch on the legs, itch between the toes
    boil on the back, cyst on the wrist, wart on the heel, blister on the foot, cut on the hand, burn on the forearm
    cold sore, mouth ulcer, cracked lip, bleeding gum, coated tongue, metallic taste, ringing in the ears, blocked ear
    pressure behind the eyes, watery eye, itchy eye, red eye, dry eye, stye on the eyelid, sour taste in the mouth, tight jaw
    clicking jaw, trapped nerve, weak grip, weak ankle, blister on the heel, ingrown nail, brittle nail, patch of dry skin
    lump under the arm, hot flash, swollen toe, tension headache
    """
)
# symptoms that do not
UNCOUNTED = _lines(
    """
    back pain, neck pain, shoulder pain, elbow pain, wrist pain, hip pain, knee pain, heel pain, jaw pain, rib pain
    groin pain, pelvic pain, tailbone pain, sinus pain, period pain, joint pain, muscle pain, pain with swallowing
    pain with walking, heartburn, bloating, hiccups, belching, constipation, indigestion, hard stools, stomach cramps
    leg cramps, loss of appetite, trouble sleeping, brain fog, tiredness, drowsiness, restlessness, low mood, irritability
    nail fungus, trouble concentrating, shakiness, unsteadiness, motion sickness, night sweats, cold hands
    cold feet, dry mouth, bad breath, sneezing, snoring, wheezing, hay fever, hair loss, dandruff, acne, eczema
    flaky skin, itchy skin, easy bruising, sunburn, chapped hands, puffy eyes, blurry vision, eye strain, painful urination
    frequent urination, muscle stiffness, morning stiffness, aching legs, heavy legs, restless legs, swollen feet
    clumsiness
    """
)
SYMPTOMS = tuple(
    pair for counted, symptoms in ((True, COUNTED), (False, UNCOUNTED)) for pair in ((symptom, counted) for symptom in symptoms)
)

SEVERITIES = (
    "mild",
    "slight",
    "moderate",
    "tolerable",
    "nagging",
    "stubborn",
    "persistent",
    "worsening",
    "intense",
    "severe",
    "terrible",
    "awful",
)
DENIED = _lines(
    """
    nausea, vomiting, chest pain, shortness of breath, weight loss, numbness, palpitations, fainting, dizziness
    double vision, chills, trouble swallowing, blood in the urine, black stools, confusion, leg swelling, slurred speech
    hearing loss, seizures, blind spots, incontinence, loss of smell, panic attacks, nosebleeds, jaundice, choking
    diarrhea, hallucinations, memory loss, falls
    """
)
CONDITIONS = _lines(
    """
    asthma, gout, type 2 diabetes, type 1 diabetes, high blood pressure, high cholesterol, angina, heart failure, epilepsy
    psoriasis, migraine, kidney stones, gallstones, stomach ulcers, reflux disease, hypothyroidism
    hyperthyroidism, osteoporosis, osteoarthritis, rheumatoid arthritis, anemia, glaucoma, cataracts, depression
    anxiety, insomnia, sleep apnea, hepatitis, diverticulitis, chronic bronchitis, emphysema, sciatica
    varicose veins, endometriosis, fibromyalgia, tuberculosis, atrial fibrillation, coronary artery disease, hemorrhoids, lupus
    """
)
ALLERGENS = _lines(
    """
    latex, peanuts, shellfish, bee stings, wasp stings, birch pollen, grass pollen, nickel, eggs, iodine, cow's milk, soy
    sesame, walnuts, kiwi, strawberries, celery, mustard, cat hair, dog hair, dust mites, mold, lanolin
    adhesive tape, hair dye, contrast dye
    """
)
KIN = ("brother", "sister", "mother", "father", "uncle", "aunt", "cousin", "son", "daughter", "husband", "wife", "grandmother")
