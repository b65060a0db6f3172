"""A list in CSV after our template: one file a row; rows of one identifier are one dataset."""

import csv
import io
from collections.abc import Mapping, Sequence

from parvis.catalogue.harvest.readers.asking import Asked, fetch
from parvis.catalogue.harvest.reasons import Refusal, reason
from parvis.catalogue.harvest.remote import (
    Bad,
    Found,
    Page,
    Remote,
    RemoteFile,
    address,
    period,
    texts,
)

# Column -> an example, as the template shows it.
COLUMNS: Mapping[str, str] = {
    "id": "arbres-2026",
    "title_fr": "Arbres publics",
    "title_en": "Public trees",
    "description_fr": "Chaque arbre planté sur le domaine public, avec son espèce.",
    "description_en": "Each tree planted on public land, with its species.",
    "keywords_fr": "arbre; forêt urbaine",
    "keywords_en": "tree; urban forest",
    "licence": "cc-by",
    "frequency": "annual",
    "category": "environnement-ressources-naturelles-energie",
    "territory": "Québec",
    "from": "2020-01-01",
    "to": "2025-12-31",
    "page": "https://exemple.org/arbres",
    "author": "Service des parcs",
    "email": "parcs@exemple.org",
    "modified": "2026-01-15",
    "file_name_fr": "Liste des arbres",
    "file_name_en": "List of trees",
    "file_format": "CSV",
    "file_url": "https://exemple.org/arbres.csv",
}
REQUIRED = ("id", "file_url")
ROWS_MAX = 200_000
_FIELD_BYTES_MAX = 200_000


def template() -> str:
    """Return the template as CSV, with its columns and one example."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerow(COLUMNS.values())
    return out.getvalue()


def _text(body: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal("not_csv", detail="encoding")


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    csv.field_size_limit(_FIELD_BYTES_MAX)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise Refusal("not_csv", detail=error) from error
    if not table:
        raise Refusal("no_columns", columns=", ".join(REQUIRED))
    names = [name.strip().lower() for name in table[0]]
    lost = [name for name in REQUIRED if name not in names]
    if not {"title_fr", "title_en"} & set(names):
        lost.append("title_fr")
    if lost:
        raise Refusal("no_columns", columns=", ".join(lost))
    if len(table) > ROWS_MAX:
        raise Refusal("not_csv", detail=f"> {ROWS_MAX}")
    return [
        (number, {name: cell.strip() for name, cell in zip(names, row, strict=False)})
        for number, row in enumerate(table[1:], 2)
        if any(cell.strip() for cell in row)
    ]


def read(asked: Asked) -> Page:
    """Return the whole list as one page; what is wrong is said by row. Raises Refusal."""
    answer = fetch(asked, asked.source.url, accept="text/csv, text/plain;q=0.5")
    found: list[Found] = []
    grouped: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for number, row in _rows(_text(answer.body)):
        if not row.get("id"):
            title = row.get("title_fr") or row.get("title_en") or ""
            found.append(Bad(f"row {number}", title, reason("row_no_id", row=number)))
        else:
            grouped.setdefault(row["id"], []).append((number, row))
    found += [_dataset(remote_id, rows, asked) for remote_id, rows in grouped.items()]
    return Page(found, None, len(found))


def _dataset(remote_id: str, rows: Sequence[tuple[int, dict[str, str]]], asked: Asked) -> Found:
    first = rows[0][1]
    title = _by_language(first, "title")
    for number, row in rows:
        for name in ("file_url", "page"):
            if row.get(name) and not address(row[name]):
                why = reason("row_bad_url", row=number, value=row[name])
                return Bad(remote_id, next(iter(title.values()), ""), why)
    return Remote(
        remote_id=remote_id,
        title=title,
        name=remote_id,
        notes=_by_language(first, "description"),
        tags=_tags(first),
        licence=first.get("licence", ""),
        frequency=first.get("frequency", ""),
        categories=[one.strip() for one in first.get("category", "").split(";")],
        languages=[asked.source.language],
        spatial=first.get("territory", ""),
        temporal=period(first.get("from"), first.get("to")),
        url=first.get("page", ""),
        author=first.get("author", ""),
        author_email=first.get("email", ""),
        modified=first.get("modified", ""),
        extras={k: v for k, v in first.items() if k and k not in COLUMNS},
        files=[
            RemoteFile(
                url=row["file_url"],
                name=_by_language(row, "file_name"),
                format=row.get("file_format", ""),
                modified=row.get("modified", ""),
            )
            for _number, row in rows
            if row.get("file_url")
        ],
    )


def _by_language(row: Mapping[str, str], name: str) -> dict[str, str]:
    return texts({code: row.get(f"{name}_{code}", "") for code in ("fr", "en")}, "fr")


def _tags(row: Mapping[str, str]) -> list[dict[str, str]]:
    """Return keywords: the nth of each language are one."""
    lists = {
        code: [one.strip() for one in row.get(f"keywords_{code}", "").split(";")]
        for code in ("fr", "en")
    }
    count = max(len(one) for one in lists.values())
    return [
        {code: words[n] for code, words in lists.items() if n < len(words) and words[n]}
        for n in range(count)
    ]
