"""The names, drugs and complaints of the shipped synthetic clinic. All people are made up."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """
    Abel Ada Adela Agnes Aida Alba Alma Amara Amir Anders Anika Ansel Anton Arda Arlo Asha Astrid Aurel Aziz Basil Beatriz Benno Berta
    Bianca Boris Bram Bruna Calla Caspar Cecil Celia Chidi Clara Cleo Conrad Cora Dagny Dalia Damir Daria Davor Delia Dinah Dora Edda
    Edgar Eira Elin Elsa Emeka Enid Enzo Erik Esme Esra Ezra Fadi Farah Felix Fenna Fidel Fiona Flora Frida Galia Gerda Gideon Gita Greta
    Gwen Hadi Halima Hanna Haruki Hector Hedda Helga Henk Hilda Hiro Hugo Ida Idris Ilse Imani Inés Ingrid Iris Isak Ivo Jamila Janek Jarek
    Jelena Joana Jonas Joris Juno Kaito Kalle Kamal Karin Katya Kenji Kiran Klara Kofi Lamar Laila Lars Leif Lena Leora Levi Lidia Linnea
    Lotte Luca Ludo Luisa Mabel Magda Malik Mara Marek Marit Mateo Maude Mei Milan Mina Mirko Moira Nadia Naila Nela Nico Nils Noor Nora
    Obi Odile Olga Omar Orla Oskar Otis Paola Pavel Pela Petra Pia Quinn Radka Rafa Rania Rasmus Remi Renata Rhea Rosa Rune Ruth Sadia
    Salma Samir Sanna Selma Sigrid Silas Simone Soren Stella Sunniva Tamar Tariq Tessa Thea Tilda Timo Tove Uma Ursula Vera Viggo Vilma
    Wanda Willa Xenia Yara Yosef Yuki Zadie Zahra Zeno Zora
    """
)
LAST_NAMES = _words(
    """
    Abendroth Achterberg Adeyemi Aguilar Akande Alvarado Amsel Andrade Arslan Asante Aubert Baczyk Balogun Banerjee Barros Becerra Belmonte
    Berglund Bhatt Birch Blomqvist Boateng Bokor Brandt Brunner Calloway Cardoso Castellan Chaudhry Chukwu Cisneros Coelho Corbin Dahl Danso
    Delacroix Demir Dhillon Dragomir Drozd Duarte Dvorak Ebner Edwin Ekholm Elmasri Engstrom Eriksen Escobar Fairley Farrow Fazekas Ferreira
    Fjeld Fontana Fujita Gallego Garnier Gebre Ghosh Gorski Granlund Guerin Gunnar Haddad Halloran Hamada Hartwell Hassani Hendriks Herrera
    Hoang Holub Horvat Huang Ibsen Idowu Ilves Iwasaki Jablonski Jansen Jimenez Joshi Juhasz Kamara Kapoor Karlsen Kasprzak Kaur Kessler
    Khoury Kivela Kocak Kovac Kristof Kuznets Laaksonen Lacroix Lagerlof Lambrecht Leclair Lindqvist Lombardi Lovric Lundgren Mabuza Madaki
    Malhotra Mansour Marchetti Matsuda Mbeki Medeiros Meszaros Mikkelsen Moreau Mukherjee Nakano Navarro Ndiaye Nemeth Nguyen Niemi Novak
    Nwosu Obrecht Odell Oduya Okafor Olsson Oyelaran Palmgren Pappas Pereira Petrov Pintaric Popescu Quiroga Rahimi Ramires Rautio Reinholt
    Ribeiro Rossetti Rybak Saarinen Sabol Sandoval Santoro Sato Schuyler Sehgal Serrano Sharif Silva Simonsen Sokolov Solberg Stavros Sutter
    Svensson Szabo Takahashi Tavares Teixeira Thorne Tomasek Traore Tuomi Udeh Umarov Valdez Vanhanen Varga Vasquez Verhoef Vidal Vogel
    Wachira Wallin Weisz Winther Wójcik Yamada Yildiz Zamora Zeleny Zielinski
    """
)
# drug → doses in mg
DRUGS: dict[str, tuple[int, ...]] = {
    "amoxicillin": (250, 500),
    "penicillin": (250, 500),
    "ibuprofen": (200, 400, 600),
    "naproxen": (250, 500),
    "aspirin": (100, 500),
    "paracetamol": (500, 1000),
    "codeine": (15, 30),
    "tramadol": (50, 100),
    "lisinopril": (5, 10, 20),
    "amlodipine": (5, 10),
    "metoprolol": (25, 50, 100),
    "metformin": (500, 850),
    "doxycycline": (100, 200),
    "azithromycin": (250, 500),
    "cephalexin": (250, 500),
    "ciprofloxacin": (250, 500),
    "sertraline": (25, 50),
    "cetirizine": (5, 10),
    "loratadine": (5, 10),
    "omeprazole": (20, 40),
    "prednisone": (5, 20),
    "diclofenac": (25, 50),
    "clarithromycin": (250, 500),
    "trimethoprim": (100, 200),
}
OTHER_ALLERGENS = ("latex", "peanuts", "shellfish", "bee stings", "pollen", "nickel", "eggs", "iodine")
FREQUENCIES = ("daily", "twice daily", "every 8 hours", "at night", "every morning")
SEVERITIES = ("mild", "severe", "dull", "sharp", "steady", "throbbing", "worsening")
PAINS = (
    "headache",
    "back pain",
    "knee pain",
    "stomach ache",
    "earache",
    "toothache",
    "neck pain",
    "shoulder pain",
    "hip pain",
    "jaw pain",
)
AILMENTS = (
    "a dry cough",
    "a sore throat",
    "a blocked nose",
    "a rash on the arms",
    "heartburn",
    "dizziness",
    "poor sleep",
    "itching eyes",
    "swollen ankles",
    "a burning feeling in the feet",
    "watery stools",
    "a hoarse voice",
    "tiredness",
    "night sweats",
)
DENIED = ("nausea", "vomiting", "chest pain", "shortness of breath", "weight loss", "numbness", "bleeding", "palpitations")
