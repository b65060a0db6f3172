"""The note on method of a dataset of the demonstration, as the PDF that would come with it."""

import json
from collections.abc import Mapping
from typing import Any

import typst

from parvis.catalogue import others
from parvis.catalogue.models import Dataset
from parvis.core import palette
from parvis.core.access import SYSTEM

_NOTE = """
#let d = json(bytes(sys.inputs.said))
#set document(title: d.title)
#set page(paper: "us-letter", margin: 25mm, numbering: "1 / 1")
#set text(font: "Libertinus Serif", size: 11pt, lang: "fr", region: "CA")
#set heading(numbering: none)
#show heading: set text(fill: rgb(d.colour))
#text(size: 20pt, weight: 700, fill: rgb(d.colour), d.title)

#d.summary

= Méthode
#d.method

= Colonnes
#for column in d.columns [
  / #raw(column.name): #column.words
]

#pagebreak()
= Sources
#for source in d.sources [
  - #source
]
"""


def add_note(dataset: Dataset, row: Mapping[str, Any]) -> None:
    """Add the note on method of a dataset: what its file says, on paper."""
    said = {
        "title": row["title"]["fr"],
        "summary": row["summary"]["fr"],
        "method": row["method"]["fr"],
        "columns": [
            {"name": one["name"], "words": f"{one['title']['fr']}. {one['description']['fr']}"}
            for one in row["columns"]
        ],
        "sources": row["sources"],
        "colour": palette.colours()["accent-strong"],
    }
    others.add_other(
        actor=SYSTEM,
        dataset=dataset,
        name={"fr": "Note de méthode", "en": "Note on the method"},
        description={
            "fr": "Comment les faits ont été relevés, colonne par colonne, et leurs sources.",
            "en": "How the facts were collected, column by column, with their sources. In French.",
        },
        content=_compiled(said),
        file_name="note-de-methode.pdf",
    )


def _compiled(said: Mapping[str, Any]) -> bytes:
    found = typst.compile(
        _NOTE.encode(),
        ignore_system_fonts=True,
        sys_inputs={"said": json.dumps(said, ensure_ascii=False)},
    )
    return bytes(found)
