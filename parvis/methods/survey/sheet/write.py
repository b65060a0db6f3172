"""A questionnaire written as a spreadsheet (XLSX, CSV), and the template to fill."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import xlsxwriter

from parvis.methods.survey.sheet.columns import (
    COLUMNS,
    NO,
    OPINION,
    PERSON,
    TYPES,
    YES,
)

Cells = dict[str, str]
# OWASP, CSV injection: a spreadsheet program would compute a cell that begins so.
_DANGEROUS = re.compile(r"^'*[=+\-@\t\r]")
_GUARDED = re.compile(r"^'+[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"^-?\d+$")
QUESTIONS = {"fr": "Questions", "en": "Questions"}
EXPLAINED = {"fr": "Explications", "en": "How to fill"}


def guarded(text: str) -> str:
    """Return a cell of a CSV file that no program computes; `unguarded` gives the text back."""
    if _PLAIN_NUMBER.match(text):
        return text
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(text: str) -> str:
    """Return the text that `guarded` was given."""
    return text[1:] if _GUARDED.match(text) else text


def rows(settings: Mapping[str, Any], language: str) -> Iterator[Cells]:
    """Every question on its row, then each of its answers on its own."""
    for page in settings.get("pages", []):
        for rank, question in enumerate(page["questions"]):
            cells = {"page": page["id"], **_question(question, language)}
            if rank == 0:
                cells |= {**_text("page_title", page["title"]), **_text("intro", page.get("intro"))}
            yield cells
            for option in question.get("options", []):
                yield {
                    "page": page["id"],
                    "option_id": option["id"],
                    **_text("options", option["label"]),
                }


def _text(key: str, text: Mapping[str, str] | None) -> Cells:
    return {f"{key}_{code}": words for code, words in (text or {}).items()}


def _question(question: Mapping[str, Any], language: str) -> Cells:
    ends, condition = question.get("ends") or {}, question.get("show_if")
    yes = {True: YES[language], False: NO[language]}
    cells: Cells = {
        "id": question["id"],
        "type": TYPES[question["type"]][language][0],
        **_text("label", question["label"]),
        **_text("help", question.get("help")),
        "required": yes[bool(question.get("required"))],
        "about": (OPINION if question.get("opinion", True) else PERSON)[language],
        "other": yes[True] if question.get("other") else "",
        **_text("low", ends.get("low")),
        **_text("high", ends.get("high")),
    }
    for name in ("min", "max"):
        if question.get(name) is not None:
            cells[name] = str(question[name])
    if condition:
        cells["show_if"] = f"{condition['question']} = {' | '.join(condition['in'])}"
    return cells


def as_csv(settings: Mapping[str, Any], language: str) -> bytes:
    """Return the questionnaire as CSV (RFC 4180, UTF-8 with its mark, which Excel needs)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.header[language] for column in COLUMNS])
    for cells in rows(settings, language):
        writer.writerow([guarded(cells.get(column.key, "")) for column in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(settings: Mapping[str, Any], language: str) -> bytes:
    """Return the questionnaire as XLSX, with a second sheet that says what each column takes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    wrap = book.add_format({"valign": "top", "text_wrap": True, "num_format": "@"})
    page = book.add_worksheet(QUESTIONS[language])
    page.freeze_panes(1, 0)
    page.set_column(0, len(COLUMNS) - 1, 18, wrap)
    for position, column in enumerate(COLUMNS):
        page.write_string(0, position, column.header[language], bold)
    for number, cells in enumerate(rows(settings, language), start=1):
        for position, column in enumerate(COLUMNS):
            if text := cells.get(column.key, ""):
                page.write_string(number, position, text, wrap)
    _explain(book.add_worksheet(EXPLAINED[language]), language, bold, wrap)
    book.close()
    return out.getvalue()


def _explain(page: Any, language: str, bold: Any, wrap: Any) -> None:
    page.set_column(0, 0, 28, wrap)
    page.set_column(1, 1, 90, wrap)
    for position, words in enumerate(
        {"fr": ("Colonne", "Ce qu’elle contient"), "en": ("Column", "What it holds")}[language]
    ):
        page.write_string(0, position, words, bold)
    for number, column in enumerate(COLUMNS, start=1):
        page.write_string(number, 0, column.header[language], wrap)
        page.write_string(number, 1, column.holds[language], wrap)


EXAMPLE: Mapping[str, Any] = {
    "pages": [
        {
            "id": "parc",
            "title": {"fr": "Le parc", "en": "The park"},
            "intro": {"fr": "Deux questions sur le parc.", "en": "Two questions about the park."},
            "questions": [
                {
                    "id": "visite",
                    "type": "single",
                    "label": {
                        "fr": "Êtes-vous allé au parc cette année?",
                        "en": "Did you go to the park this year?",
                    },
                    "required": True,
                    "options": [
                        {"id": "oui", "label": {"fr": "Oui", "en": "Yes"}},
                        {"id": "non", "label": {"fr": "Non", "en": "No"}},
                    ],
                },
                {
                    "id": "age",
                    "type": "single",
                    "label": {"fr": "Votre âge", "en": "Your age"},
                    "opinion": False,
                    "options": [
                        {"id": "moins-de-35", "label": {"fr": "Moins de 35 ans", "en": "Under 35"}},
                        {"id": "35-et-plus", "label": {"fr": "35 ans et plus", "en": "35 or over"}},
                    ],
                },
            ],
        },
        {
            "id": "avis",
            "title": {"fr": "Votre avis", "en": "Your opinion"},
            "questions": [
                {
                    "id": "satisfaction",
                    "type": "scale",
                    "label": {"fr": "Le parc vous plaît-il?", "en": "Do you like the park?"},
                    "min": 1,
                    "max": 5,
                    "ends": {
                        "low": {"fr": "Pas du tout", "en": "Not at all"},
                        "high": {"fr": "Beaucoup", "en": "A lot"},
                    },
                    "show_if": {"question": "visite", "in": ["oui"]},
                },
                {
                    "id": "manque",
                    "type": "long",
                    "label": {"fr": "Que manque-t-il au parc?", "en": "What does the park lack?"},
                    "max": 1_000,
                },
            ],
        },
    ]
}
