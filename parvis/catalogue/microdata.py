"""A consultation's answers as tables that show nobody: opinions, free texts, characteristics.

Pure on Arrow tables. The method gives one column a question with `kind` (opinion, characteristic,
text), `label` and `options` in the field's metadata. Opinions get a random row number;
characteristics are never crossed with anything and come as protected one-way counts (threshold 10);
free texts stand alone under another numbering, so that no two columns of a person meet.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from parvis.analysis import privacy
from parvis.tables.schema import Column, Schema

KINDS = ("opinion", "characteristic", "text")
NUMBER = "numero"
NO_ANSWER, OTHERS, HIDDEN = "_sans_reponse", "_autres", "_non_publie"
_SPECIAL: Mapping[str, dict[str, str]] = {
    "_total": {"fr": "Total", "en": "Total"},
    NO_ANSWER: {"fr": "Sans réponse", "en": "No answer"},
    OTHERS: {
        "fr": "Autres réponses, regroupées pour protéger les personnes",
        "en": "Other answers, grouped to protect people",
    },
    HIDDEN: {
        "fr": "Non publié : trop peu de personnes",
        "en": "Not published: too few people",
    },
}
_TRUTH = {"true": {"fr": "oui", "en": "yes"}, "false": {"fr": "non", "en": "no"}}


@dataclass(frozen=True)
class Asked:
    """One column of a method's table, with its words."""

    name: str
    kind: str
    label: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Table:
    """A table for the store, with the words of its columns; `values`: column -> code -> words."""

    data: pa.Table
    schema: Schema
    values: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)


def _json(metadata: Mapping[bytes, bytes], name: bytes) -> dict[str, Any]:
    value = json.loads(metadata.get(name, b"{}") or b"{}")
    return value if isinstance(value, dict) else {}


def columns_of(table: pa.Table) -> list[Asked]:
    """Return the columns whose kind is known; any other is left out of what is published."""
    found = []
    for one in table.schema:
        metadata = one.metadata or {}
        kind = metadata.get(b"kind", b"").decode()
        if kind in KINDS:
            found.append(
                Asked(one.name, kind, _json(metadata, b"label"), _json(metadata, b"options"))
            )
    return found


def left_out(table: pa.Table) -> list[str]:
    """Return the columns that are not published because nothing says what they hold."""
    known = {column.name for column in columns_of(table)}
    return [name for name in table.column_names if name not in known]


def _number_name(names: Sequence[str]) -> str:
    name = NUMBER
    while name in names:
        name += "_"
    return name


def _numbered(count: int) -> list[int]:
    """Return the places of rows in their new, random order; the seed is never kept."""
    numbers = privacy.shuffled_row_numbers(count, secrets.token_bytes(32))
    return sorted(range(count), key=numbers.__getitem__)


_NUMBER_WORDS = {"fr": "Numéro tiré au hasard", "en": "Random number"}


def _values(options: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the meaning of each coded value, in a sentence."""
    return {
        code: lead + "; ".join(f"{key} = {words.get(code, '')}" for key, words in options.items())
        for code, lead in (("fr", "Valeurs : "), ("en", "Values: "))
        if options
    }


def opinions(table: pa.Table, threshold: int = privacy.THRESHOLD) -> Table | None:
    """Return the opinion columns under random numbers; None where there are none, or too few rows.

    Fewer than `threshold` rows are not published row by row.
    """
    asked = [column for column in columns_of(table) if column.kind == "opinion"]
    if not asked or table.num_rows < threshold:
        return None
    order = _numbered(table.num_rows)
    shuffled = table.select([column.name for column in asked]).take(pa.array(order, pa.int64()))
    name = _number_name(shuffled.column_names)
    numbers = pa.array(range(1, table.num_rows + 1), pa.int64())
    data = shuffled.add_column(0, name, numbers)
    plain = Schema.from_arrow(data.schema)
    words = {column.name: column for column in asked}
    columns = [Column(name, "integer", _NUMBER_WORDS)]
    for column in plain.columns[1:]:
        one = words[column.name]
        meaning = _values(one.options) if column.type == "text" else {}
        columns.append(Column(column.name, column.type, one.label, meaning))
    schema = Schema(tuple(columns))
    coded = {c.name for c in columns if c.type == "text"}
    values = {c.name: c.options for c in asked if c.name in coded and c.options}
    return Table(data.cast(schema.to_arrow()), schema, values)


@dataclass(frozen=True)
class FreeText:
    """One text, with the question that it answers."""

    column: str
    text: str


def free_texts(table: pa.Table) -> list[FreeText]:
    """Return every text that is not empty, column by column."""
    return [
        FreeText(column.name, text.strip())
        for column in columns_of(table)
        if column.kind == "text"
        for text in table.column(column.name).to_pylist()
        if text and text.strip()
    ]


def texts(rows: Sequence[tuple[FreeText, bool]]) -> Table | None:
    """Return the texts to publish (with: were words masked), numbered at random; None if none."""
    if not rows:
        return None
    shuffled = [rows[place] for place in _numbered(len(rows))]
    schema = Schema(
        (
            Column(NUMBER, "integer", _NUMBER_WORDS),
            Column("question", "text", {"fr": "Question", "en": "Question"}),
            Column("texte", "text", {"fr": "Texte", "en": "Text"}),
            Column(
                "masque",
                "boolean",
                {"fr": "Des mots sont masqués", "en": "Some words are masked"},
                {"fr": "Remplacés par […].", "en": "Replaced by […]."},
            ),
        )
    )
    data = {
        NUMBER: list(range(1, len(shuffled) + 1)),
        "question": [row.column for row, _masked in shuffled],
        "texte": [row.text for row, _masked in shuffled],
        "masque": [masked for _row, masked in shuffled],
    }
    return Table(pa.table(data, schema=schema.to_arrow()), schema)


def cell(value: Any) -> str | None:
    """Return a cell of a characteristic as a category, as text; None where nothing was said."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def words_of(column: Asked, value: str) -> Mapping[str, str]:
    """Return what a published value means, by language; nothing where it speaks for itself."""
    return _SPECIAL.get(value) or column.options.get(value) or _TRUTH.get(value) or {}


def characteristics(table: pa.Table, threshold: int = privacy.THRESHOLD) -> Table | None:
    """Return the one-way counts of each characteristic, cells under `threshold` merged."""
    asked = [column for column in columns_of(table) if column.kind == "characteristic"]
    if not asked:
        return None
    cells = {c.name: [cell(v) for v in table.column(c.name).to_pylist()] for c in asked}
    counted = privacy.one_way_tables(cells, threshold=threshold)
    rows: list[dict[str, Any]] = []
    for column in asked:
        one = counted[column.name]
        lines: list[tuple[str, int | None]] = [
            (NO_ANSWER if value is None else value, count) for value, count in one.cells
        ]
        if one.suppressed:
            lines.append((HIDDEN, None))
        elif one.other:
            lines.append((OTHERS, one.other))
        for value, count in lines:
            words = words_of(column, value)
            rows.append(
                {
                    "question": column.name,
                    "valeur": value,
                    "valeur_fr": words.get("fr", value),
                    "valeur_en": words.get("en", value),
                    "nombre": count,
                    "total": one.total,
                }
            )
    if not rows:
        return None
    schema = Schema(
        (
            Column("question", "text", {"fr": "Question", "en": "Question"}),
            Column("valeur", "text", {"fr": "Valeur", "en": "Value"}),
            Column("valeur_fr", "text", {"fr": "Réponse, en français", "en": "Answer, in French"}),
            Column("valeur_en", "text", {"fr": "Réponse, en anglais", "en": "Answer, in English"}),
            Column("nombre", "integer", {"fr": "Personnes", "en": "People"}),
            Column("total", "integer", {"fr": "Personnes en tout", "en": "People in all"}),
        )
    )
    return Table(pa.Table.from_pylist(rows, schema.to_arrow()), schema)


def codebook(files: Mapping[str, str], table: pa.Table) -> Table | None:
    """Return what each column and value means; `files` maps a kind to the file that holds it."""
    rows = []
    for column in columns_of(table):
        if column.kind not in files:
            continue
        head = {
            "fichier": files[column.kind],
            "colonne": column.name,
            "libelle_fr": column.label.get("fr"),
            "libelle_en": column.label.get("en"),
        }
        values = column.options if column.kind != "text" else {}
        for value, words in values.items() if values else [(None, {})]:
            rows.append(
                {
                    **head,
                    "valeur": value,
                    "valeur_fr": words.get("fr"),
                    "valeur_en": words.get("en"),
                }
            )
    if not rows:
        return None
    schema = Schema(
        (
            Column("fichier", "text", {"fr": "Fichier", "en": "File"}),
            Column("colonne", "text", {"fr": "Colonne ou question", "en": "Column or question"}),
            Column("libelle_fr", "text", {"fr": "Question, en français", "en": "In French"}),
            Column("libelle_en", "text", {"fr": "Question, en anglais", "en": "In English"}),
            Column("valeur", "text", {"fr": "Valeur dans le fichier", "en": "Value in the file"}),
            Column("valeur_fr", "text", {"fr": "Sens, en français", "en": "Meaning, in French"}),
            Column("valeur_en", "text", {"fr": "Sens, en anglais", "en": "Meaning, in English"}),
        )
    )
    return Table(pa.Table.from_pylist(rows, schema.to_arrow()), schema)
