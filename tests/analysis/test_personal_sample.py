"""A labelled sample of ours: what the scan finds, and what it leaves alone (places are nobody)."""

from parvis.analysis.privacy import scan

# Text with each piece of personal data between ⟦kind: and ⟧. Invented people, real places.
SAMPLE = """
J’habite à Trois-Rivières et je prends le pont Jacques-Cartier chaque matin.
Le parc La Fontaine et la rue Saint-Denis devraient être ouverts le soir.
Écrivez-moi à ⟦email:lucie.gagnon@exemple.ca⟧, je réponds vite.
Mon courriel : ⟦email:p.roy (arobase) courriel (point) test⟧.
Appelez au ⟦phone:819 555-0123⟧ après 17 h.
Cell ⟦phone:(514) 555-0188⟧, bureau ⟦phone:418-555-0171⟧ poste 12.
Depuis la France : ⟦phone:06 12 34 56 78⟧.
Le 811 et le 911 répondent mal en Abitibi.
Mon NAS est ⟦nas:193 456 787⟧, je l’ai donné trois fois.
Le budget est de 193 456 788 dollars pour Sainte-Anne-de-Bellevue.
Ma carte soleil ⟦ramq:TREM 8052 1512⟧ a expiré.
Numéro de dossier 2024-000123, article 63.5, R-20.
J’ai payé avec la carte ⟦card:4111 1111 1111 1111⟧.
Je reste au ⟦address:1234, rue des Érables⟧ à Sherbrooke, ⟦postal_code:J1H 2K3⟧.
Le CLSC du ⟦address:45 boulevard Taschereau⟧ est trop loin.
Le boulevard René-Lévesque et l’autoroute Félix-Leclerc sont bloqués.
Les routes 132 et 138 longent le fleuve; l’A-20 aussi.
Je suis ⟦birth:née le 3 mai 1961⟧, je suis à la retraite.
Depuis le 3 mai 1961, la loi a changé.
⟦self_name:Je m’appelle Josée Lavoie⟧ et je suis d’accord.
Je m’appelle toujours moi-même quand je me trompe.
⟦civility_name:Mme Lavoie⟧ a mieux expliqué que ⟦civility_name:M. Côté-Roy⟧.
Madame la ministre doit répondre, Monsieur le maire aussi.
Sainte-Foy, Saint-Roch-des-Aulnaies et Mont-Tremblant manquent d’autobus.
L’école Marguerite-Bourgeoys et l’hôpital Maisonneuve-Rosemont ferment.
Données Québec, le MSSS et la RAMQ publient peu.
Le wifi du Tim Hortons coûte 12,50 $ par mois, soit 150 $ par an.
Ma plaque est ⟦plate:ABC 123⟧ si cela vous aide.
My name is fine as it is; ⟦self_name:my name is Erin Walsh⟧ anyway.
I live at ⟦address:88 Sherbrooke Street⟧, near Mount Royal.
Lac-Mégantic, Rouyn-Noranda et Baie-Comeau d’abord.
Le projet de loi 64 et la loi 25, adoptés en 2021-09-22.
""".strip()


def labelled(line: str) -> tuple[str, list[tuple[str, int, int]]]:
    """Return the text without its marks, and (kind, start, end) of each piece."""
    text, wanted = "", []
    while "⟦" in line:
        before, _, rest = line.partition("⟦")
        inside, _, line = rest.partition("⟧")
        kind, _, words = inside.partition(":")
        text += before
        wanted.append((kind, len(text), len(text) + len(words)))
        text += words
    return text + line, wanted


def test_precision_and_recall_on_the_sample():
    right = alarms = missed = blocked = 0
    wrong = []
    for line in SAMPLE.splitlines():
        text, wanted = labelled(line)
        found = [(f.kind, f.start, f.end) for f in scan(text)]
        hits = [
            w for w in wanted if any(f[0] == w[0] and f[1] < w[2] and w[1] < f[2] for f in found)
        ]
        right += len(hits)
        missed += len(wanted) - len(hits)
        false = [f for f in found if not any(f[1] < w[2] and w[1] < f[2] for w in wanted)]
        alarms += len(false)
        wrong += [(text[a:b], kind) for kind, a, b in false] + [
            (w, text) for w in wanted if w not in hits
        ]
        blocked += sum(f.severity == "block" for f in scan(text)) - sum(
            w[0] in {"email", "phone", "nas", "ramq", "card"} for w in wanted
        )
    assert right / (right + alarms) >= 0.98, wrong
    assert right / (right + missed) >= 0.98, wrong
    # What blocks a publication is exactly what should.
    assert blocked == 0
