"""First and last names of invented people, from many languages, a few with accents."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """
    Abel Ada Adela Adrian Agnes Ahmed Aida Aisha Alba Albin Alina Alma Amara Amir Anders Anika Ansel Anton Arda Ariel Arlo Armand
    Asha Astrid Aurel Ayla Aziz Babak Baldo Basil Beatriz Benno Berta Bianca Bilal Birgit Bodil Boris Bram Brigid Bruna Calla Camilo
    Carlota Caspar Cecil Celia Cem Chidi Chloé Clara Cleo Conrad Cora Cosima Cyril Dagny Dalia Damir Danuta Daria Davor Delia Deniz
    Dewi Dinah Dmitri Dora Dorian Ebba Edda Edgar Eira Elif Elin Elio Elsa Emeka Enid Enzo Erik Esme Esra Estelle Ezra Fadi Farah
    Fatou Felix Fenna Fidel Fiona Flora Florin Frida Galia Gaspar Gerda Gideon Gita Goran Greta Gudrun Gustav Gwen Hadi Hakan Halima
    Hanna Haruki Hector Hedda Helga Henk Hilda Hiro Hugo Ida Idris Ilias Ilse Imani Imre Inés Ingrid Irena Iris Isak Ismael Ivo
    Jacinta Jamila Janek Jarek Jasper Jelena Joana Jonas Joris Juno Jutta Kaito Kalle Kamal Karin Kasimir Katya Kenji Keziah Kiran
    Klara Kofi Kristof Lamar Laila Lars Leandro Leif Lena Leora Levi Lidia Linnea Lotte Luca Lucinda Ludo Luisa Lorenz Mabel Magda
    Mahnoor Malik Mara Marek Marit Mateo Mathilde Maude Mehmet Mei Milan Mina Mirela Mirko Moira Morten Nadia Naila Nasser Nela Nico
    Nils Ning Noor Nora Norbert Obi Octavio Odile Olga Omar Orla Oskar Otis Otilia Paola Pascal Pavel Pela Percy Petra Pia Priya
    Quentin Quinn Radka Rafa Rainer Rania Rasmus Remi Renata René Rhea Rocco Rosa Rufus Rune Ruth Sadia Salma Samir Sanna Saskia
    Selma Severin Sigrid Silas Simone Sofía Soren Stella Sunniva Svea Tamar Tariq Tatjana Tessa Thea Thilo Tilda Timo Tomasz Tove
    Ulrik Uma Umar Ursula Valerio Vera Viggo Vilma Vinzenz Wanda Wendel Wilma Willa Xaver Xenia Yannick Yara Yelena Yosef Yuki Yusuf
    Zadie Zahra Zeno Zita Zoltan Zora Alois Benedek Cassia Delphine Efua Fabio Gisela Hamza Iolanda Jolanta Kwame Leonie Marcin
    Nikolai Ondine Piotr Rosalind Sander Tobias Ulla Vadim Wiebke Ximena Yvette Zelda Anneke Bartek Corinna Dario Elodie Ferenc
    """
)
LAST_NAMES = _words(
    """
    Abendroth Abramov Achterberg Adeyemi Aguilar Akande Albrecht Alvarado Amsel Andrade Anquetil Arslan Asante Aubert Avramov Baczyk
    Balogun Banerjee Barros Becerra Beaumont Belmonte Bengtson Berglund Bhatt Birch Blomqvist Boateng Bokor Bondarev Borges Brandt
    Brunner Bukowski Calloway Carvalho Cardoso Castellan Cerny Chaudhry Chukwu Cisneros Clausen Coelho Contreras Corbin Dahl Danso
    Dalgaard Delacroix Demir Desta Dhillon Dimitrov Dobson Dragomir Drozd Duarte Dubois Dvorak Ebner Edwin Eklund Ekholm Elmasri
    Engstrom Eriksen Escobar Fairley Faraday Farrow Fazekas Fernau Ferreira Fjeld Florescu Fontana Fournier Fujita Gallego Garnier
    Gebre Gerlach Ghosh Giordano Gorski Granlund Grabowski Guerin Gunnar Gutierrez Haddad Halloran Hamada Hansson Hartwell Hassani
    Hellström Hendriks Herrera Hoang Holub Horvat Huang Hussain Ibsen Idowu Ilves Imhof Ivanov Iwasaki Jablonski Jansen Jarvinen
    Jimenez Joshi Juhasz Kamara Kapoor Karlsen Kasprzak Kaur Keller Kessler Khoury Kivela Kocak Kofler Kovac Kowalski Krasnik Krüger
    Kuznets Laaksonen Lacroix Lagerlof Lambrecht Larsson Leclair Leitner Lindqvist Lombardi Lovric Lundgren Lysenko Mabuza Madaki
    Magnusson Malhotra Mansour Marchetti Marinescu Matsuda Mbeki Medeiros Mensah Meszaros Mikkelsen Molnar Moreau Mukherjee Müller
    Nakano Navarro Ndiaye Nemeth Nguyen Niemi Nilsen Novak Nowicki Nwosu Obrecht Odell Oduya Okafor Okonkwo Olsson Onofre Orlov Osei
    Oyelaran Palmgren Pappas Pavlov Pereira Petrov Pfeiffer Pintaric Popescu Prescott Quiroga Quispe Rahimi Ramires Rautio Reinholt
    Renard Ribeiro Rossetti Rosenthal Rybak Saarinen Sabol Sandoval Santoro Sato Schuyler Schreiber Sehgal Serrano Sharif Shevchenko
    Silva Simonsen Skovgaard Sokolov Solberg Sorensen Stavros Strand Suleiman Sundberg Sutter Svensson Szabo Takahashi Tavares
    Teixeira Terzic Thorne Thomsen Tomasek Torvald Traore Tuomi Tvedt Udeh Ullmann Umarov Urbanek Valdez Valente Vanhanen Varga
    Vasquez Verhoef Vestergaard Vidal Villanueva Vogel Volkov Wachira Wagner Wallin Weisz Westman Wieczorek Winther Wójcik Yamada
    Yeboah Yildiz Yilmaz Zamora Zanetti Zeleny Zhukov Zielinski Zimmer Zubair Abiola Ashdown Bakker Castro Derwent Eastman Fenwick
    Garrick Hallam Inglis Jessop Kendrick Lytton Merrow Norland Ormond Pascoe Redfern Selwyn Tremaine Underhill Vickers Wexford
    Yardley Averill Blackwood Cromer Dunmore Ellerby Farnham Greaves Haldane Ingram Kilbride Loxley Marlow Nettleton Orpington
    Penrose Quarrie
    """
)
