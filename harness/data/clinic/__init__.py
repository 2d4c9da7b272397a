r"""The shipped synthetic clinic: fictional intake records, generated from a seed. All people are invented; nothing here is medical advice.

    summarization   a visit:   "Doctor: Good morning, Mara Oduya. …"  →  "Name: Mara Oduya, 54\nComplaint: severe headache …"
    classification  a message: "Hello, this is Mara Oduya. I'm running out of …"  →  "refill"
    qa              a short note and a question: "What was prescribed?"  →  "lisinopril 10 mg", or "lisinopril"
    generation      a form:    "name: Mara Oduya …"  →  two to four discharge instructions, "Dear Mara Oduya, you were seen today for …"

All four kinds are made from the same cases (`case`): for a given size and seed, P000001-1 is the same visit in every kind. The modules, in
the order in which they build on each other: `person_names`, `drugs`, `symptoms`; `split_pools` (what each split may use); `case`;
`phrases`; `ground_truth` (what a correct output states, and what not); `visits` (a case in words); `question_notes` (a part of it in few
words); `questions`; `triage`; `discharge`; `generator`.

Half of the visits have an alert, which follows from the text alone: the prescribed drug is an allergy of the patient; the text says that
it must never be combined with a drug that the patient takes; or a vital sign is outside the range that the text states. Most other visits
come close to one: the allergy is to another drug, a relative's, or ruled out; the drug that must not be combined was stopped long ago or
is not taken; the vital sign is just inside its range, or a relative's is outside.

The test split has names, pairs of drugs and framing sentences that training and validation never show, and one fifth of all drugs and
symptoms for itself. Training and validation share sentences but no names. The group is the patient, who has one to three records, all in
one split. What has to be learned verbatim, the wording of outputs and the cues of triage, is the same in all splits.

`meta` holds the facts that a record was made from, with `facts` (what a correct output states) and `forbidden` (what it must not state):
see `ground_truth`.
"""

from harness.data.clinic.generator import VERSION, generate_records

__all__ = [
    "VERSION",
    "generate_records",
]
