"""Medications with class, route, usual frequencies and plausible doses. Real substances in fictional records: nothing here is advice.

Doses are whole numbers, so that "5 mg" never occurs inside "2.5 mg". Every drug has at least two doses, as one may be corrected.
The order matters: `split_pools` deals the list out by position, and members of a class must be adjacent.
"""

from __future__ import annotations

from typing import NamedTuple


class Drug(NamedTuple):
    """One medication: "lisinopril", "ACE inhibitor", "by mouth", ("once daily", …), ("5 mg", "10 mg", …)."""

    name: str
    group: str
    route: str
    frequencies: tuple[str, ...]
    doses: tuple[str, ...]


# frequencies by their short name in the table
_FREQUENCIES = {
    "once": ("once daily", "every morning", "every evening"),
    "night": ("at bedtime", "every evening"),
    "twice": ("twice daily", "every 12 hours", "every morning and evening"),
    "thrice": ("three times daily", "every 8 hours", "with meals"),
    "often": ("every 6 hours", "four times daily", "every 8 hours"),
    "weekly": ("once weekly", "every Sunday", "every Monday"),
    "patch": ("every 3 days", "every 72 hours"),
}
# class; route; unit; frequencies: drug dose/dose, drug dose/dose
_TABLE = """
ACE inhibitor; by mouth; mg; once: lisinopril 5/10/20/40, ramipril 5/10, enalapril 5/10/20, perindopril 4/8, quinapril 10/20/40
sartan; by mouth; mg; once: losartan 25/50/100, valsartan 80/160, candesartan 8/16/32, telmisartan 40/80, irbesartan 150/300
beta blocker; by mouth; mg; twice: metoprolol 25/50/100, atenolol 25/50, propranolol 40/80, carvedilol 6/12/25, sotalol 80/160
calcium blocker; by mouth; mg; once: amlodipine 5/10, felodipine 5/10, nifedipine 30/60, diltiazem 120/180, verapamil 120/240
diuretic; by mouth; mg; once: furosemide 20/40/80, torsemide 5/10/20, spironolactone 25/50, indapamide 1/2, chlorthalidone 25/50
statin; by mouth; mg; night: atorvastatin 10/20/40, simvastatin 20/40, rosuvastatin 5/10/20, pravastatin 20/40
fibrate; by mouth; mg; twice: gemfibrozil 300/600, fenofibrate 145/160
penicillin; by mouth; mg; thrice: penicillin 250/500, amoxicillin 250/500/875, flucloxacillin 250/500, ampicillin 250/500
cephalosporin; by mouth; mg; twice: cephalexin 250/500, cefuroxime 250/500, cefadroxil 500/1000, cefixime 200/400
macrolide; by mouth; mg; twice: azithromycin 250/500, clarithromycin 250/500, erythromycin 250/500, roxithromycin 150/300
quinolone; by mouth; mg; twice: ciprofloxacin 250/500/750, levofloxacin 250/500, moxifloxacin 200/400, ofloxacin 200/400
tetracycline; by mouth; mg; twice: doxycycline 50/100/200, minocycline 50/100
other antibiotic; by mouth; mg; twice: trimethoprim 100/200, nitrofurantoin 50/100, clindamycin 150/300, linezolid 400/600
antiviral; by mouth; mg; often: acyclovir 200/400/800, valacyclovir 500/1000, oseltamivir 30/75
antifungal; by mouth; mg; once: fluconazole 50/150/200, itraconazole 100/200, terbinafine 125/250
pain reliever; by mouth; mg; often: paracetamol 500/1000, metamizole 500/1000
anti-inflammatory; by mouth; mg; thrice: ibuprofen 200/400/600, naproxen 250/500, diclofenac 25/50/75, celecoxib 100/200, aspirin 100/300
opioid; by mouth; mg; often: tramadol 50/100, codeine 15/30/60, morphine 10/20/30, oxycodone 5/10/20, tapentadol 50/75/100
triptan; by mouth; mg; once: sumatriptan 50/100, rizatriptan 5/10
diabetes drug; by mouth; mg; twice: metformin 500/850/1000, gliclazide 30/60/80, sitagliptin 50/100, empagliflozin 10/25, glimepiride 1/2/4
insulin; under the skin; units; night: glargine 10/14/20/26, detemir 8/12/18/24
thyroid drug; by mouth; mcg; once: levothyroxine 25/50/75/100, liothyronine 5/10/20
acid blocker; by mouth; mg; once: omeprazole 20/40, pantoprazole 20/40, esomeprazole 20/40, lansoprazole 15/30, famotidine 20/40
antidepressant; by mouth; mg; once: sertraline 25/50/100, citalopram 10/20/40, fluoxetine 10/20, venlafaxine 75/150, mirtazapine 15/30
older antidepressant; by mouth; mg; night: amitriptyline 10/25/50, nortriptyline 10/25/50, trazodone 50/100
sedative; by mouth; mg; night: zolpidem 5/10, lorazepam 1/2, diazepam 2/5/10
epilepsy drug; by mouth; mg; twice: carbamazepine 100/200/400, lamotrigine 25/50/100, levetiracetam 250/500, topiramate 25/50
nerve pain drug; by mouth; mg; thrice: gabapentin 100/300/600, pregabalin 25/75/150
antihistamine; by mouth; mg; once: cetirizine 5/10, loratadine 5/10, fexofenadine 120/180, hydroxyzine 10/25
asthma inhaler; by inhaler; mcg; twice: salbutamol 100/200, budesonide 200/400, formoterol 6/12, tiotropium 9/18
asthma tablet; by mouth; mg; night: montelukast 4/5/10, theophylline 200/300/400
steroid; by mouth; mg; once: prednisone 5/10/20/40, dexamethasone 2/4/8, hydrocortisone 10/20
blood thinner; by mouth; mg; once: warfarin 1/3/5, clopidogrel 75/150, rivaroxaban 10/15/20, edoxaban 30/60
heart rhythm drug; by mouth; mg; once: amiodarone 100/200, flecainide 50/100, ivabradine 5/7
heart glycoside; by mouth; mcg; once: digoxin 125/250, digitoxin 50/70/100
gout drug; by mouth; mg; once: allopurinol 100/200/300, febuxostat 40/80
bone drug; by mouth; mg; weekly: alendronate 35/70, risedronate 30/35
rheumatism drug; by mouth; mg; weekly: methotrexate 10/15/20, leflunomide 10/20
nausea drug; by mouth; mg; thrice: metoclopramide 5/10, ondansetron 4/8
muscle relaxant; by mouth; mg; thrice: baclofen 5/10/20, tizanidine 2/4, methocarbamol 500/750
prostate drug; by mouth; mg; night: finasteride 1/5, doxazosin 1/2/4
bladder drug; by mouth; mg; twice: oxybutynin 3/5, solifenacin 5/10
pain patch; as a patch; mcg; patch: fentanyl 12/25/50, buprenorphine 20/35
skin cream drug; on the skin; mg; twice: mupirocin 15/30, clotrimazole 10/20
"""


def _parse_table() -> tuple[Drug, ...]:
    drugs = []
    for line in _TABLE.strip().splitlines():
        head, _, entries = line.partition(": ")
        group, route, unit, frequency = head.split("; ")
        for entry in entries.split(", "):
            name, doses = entry.split()
            drugs.append(Drug(name, group, route, _FREQUENCIES[frequency], tuple(f"{dose} {unit}" for dose in doses.split("/"))))
    return tuple(drugs)


DRUGS = _parse_table()
