"""Files whose text is read, and those that cannot be: words, never a failure."""

import io
import resource
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from django.test import Client
from django.urls import reverse

from parvis.catalogue import documents
from parvis.catalogue.tests.catalogue_factories import make_document
from parvis.catalogue.texts import child, extract, tasks
from parvis.catalogue.texts.models import FileText
from parvis.core import jobs, outbox, search
from parvis.core.access import SYSTEM
from parvis.core.models import Job

pytestmark = pytest.mark.django_db
LINE = "Les glaciers fondent plus vite que dans nos calculs"


def pdf_of(*lines: str) -> bytes:
    """Return a PDF with one page a line; an empty line is a page without text."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(lines)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(lines)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for n, line in enumerate(lines):
        stream = f"BT /F1 12 Tf 20 100 Td ({line}) Tj ET" if line else "0 0 10 10 re f"
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 200]"
            f"/Resources<</Font<</F1 3 0 R>>>>/Contents {5 + 2 * n} 0 R>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj{body}endobj\n"
    xref = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    out += "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n"
    return out.encode("latin-1")


def docx_of(*lines: str) -> bytes:
    """Return a DOCX of paragraphs, then a table."""
    made, out = docx.Document(), io.BytesIO()
    for line in lines:
        made.add_paragraph(line)
    made.add_table(rows=1, cols=2).cell(0, 1).text = "cellule du tableau"
    made.save(out)
    return out.getvalue()


def _run() -> None:
    while outbox.pump():
        pass
    while jobs.run_next():
        pass


def test_a_file_is_read_shown_and_found(client: Client) -> None:
    """One PDF and one DOCX, each through its own process; a new file has a new text."""
    row = make_document("rapport", file=("r.pdf", pdf_of(LINE, "Deuxieme page", *["x" * 60] * 20)),
                        body={})  # fmt: skip
    page = client.get(reverse("document", args=["rapport"]))
    assert "pas encore prêt" not in page.content.decode()  # nothing asked yet: nothing said
    while outbox.pump():
        pass
    assert "pas encore prêt" in client.get(page.wsgi_request.path).content.decode()
    _run()
    text = FileText.objects.get()
    assert (text.state, text.pages, text.language, text.cut) == ("read", 22, "fr", False)
    shown = client.get(reverse("document", args=["rapport"])).content.decode()
    assert LINE in shown and "22 pages" in shown.replace("\u00a0", " ")
    whole = reverse("document_text", args=["rapport"])
    assert whole in shown and "Page 1<" in client.get(whole).content.decode().replace("\u00a0", " ")
    assert "x" * 60 in client.get(whole + "?page=3").content.decode()
    assert [hit.node.slug for hit in search.search("glacier calcul").hits] == ["rapport"]
    documents.update_document(
        actor=SYSTEM, document=row, changes={},
        file=("r.docx", docx_of("The answer to the question of the day", "<b>gras</b>")),
    )  # fmt: skip
    _run()
    text.refresh_from_db()
    assert (text.state, text.pages, text.language) == ("read", None, "en")
    assert "cellule du tableau" in text.parts[0]
    assert "&lt;b&gt;gras" in client.get(reverse("document", args=["rapport"])).content.decode()
    assert search.search("glacier").count == 0 and search.search("cellule").count == 1
    assert not Job.objects.exclude(state="done").exists()
    documents.update_document(actor=SYSTEM, document=row, changes={"body": {"fr": "Ici."}},
                              remove_file=True)  # fmt: skip
    _run()
    assert not FileText.objects.exists() and client.get(whole).status_code == 404


def test_drafts_say_nothing(client: Client) -> None:
    row = make_document("secret", public=False, file=("r.pdf", pdf_of(LINE)))
    FileText.objects.create(document=row, sha256="0" * 64, state="read", parts=[LINE])
    search.index([row.pk])
    assert client.get(reverse("document_text", args=["secret"])).status_code == 404
    assert search.search("glacier").count == 0


def _packed(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return out.getvalue()


HOSTILE = {
    "scanned.pdf": (pdf_of("", "", ""), "scanned"),
    "cut.pdf": (pdf_of(LINE)[:60], "damaged"),
    "noise.pdf": (b"%PDF-1.4\n" + bytes(range(256)) * 40, "damaged"),
    "none.pdf": (b"%PDF-1.4\n%%EOF\n", "damaged"),
    "not.docx": (_packed("word/document.xml", b"<a>"), "damaged"),
    "noise.docx": (b"PK\x03\x04" + b"\0" * 400, "damaged"),
    "bomb.docx": (_packed("word/document.xml", b" " * 210_000_000), "too_long"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_files_give_words(name: str, tmp_path: Path) -> None:
    """Read here, without the process around: the reading itself never raises."""
    content, state = HOSTILE[name]
    path = tmp_path / name
    path.write_bytes(content)
    read = child.read_pdf if name.endswith("pdf") else child.read_docx
    assert read(str(path))["state"] == state


def test_limits_of_the_process(tmp_path: Path, monkeypatch: Any) -> None:
    """Time and memory are bounded, and what the process says is not trusted."""
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of(LINE))
    media = "application/pdf"
    assert extract.extract(path, media, seconds_max=0.001).state == "too_long"
    with pytest.raises(KeyError):
        extract.extract(path, "text/plain")
    for output in (b"", b"[]", b"null", b'{"state": "waiting"}', b'{"state": 3}', b"{" * 99):
        assert extract._answer(output).state == "damaged", output
    assert extract._answer(b'{"state": "read", "parts": ["a"], "pages": -4}').pages is None
    limits = []
    monkeypatch.setattr(resource, "setrlimit", lambda what, how: limits.append(what))
    monkeypatch.setattr(child.sys, "argv", ["child.py", "pdf", str(path)])
    child.main()
    assert {resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE} <= set(limits)

    def full(_path: str) -> dict[str, Any]:
        raise MemoryError

    monkeypatch.setattr(child, "read_pdf", full)
    child.main()


def test_a_long_text_is_cut_and_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(child, "CHARACTERS_MAX", 60)
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of(LINE, LINE))
    found = child.read_pdf(str(path))
    assert found["cut"] and sum(map(len, found["parts"])) == 60
    path = tmp_path / "a.docx"
    path.write_bytes(docx_of(LINE, LINE))
    assert child.read_docx(str(path))["cut"]


def test_the_language_of_a_text() -> None:
    assert tasks.language_of("The decision of the court is in the report") == "en"
    assert tasks.language_of("La décision est dans le rapport") == "fr"
    assert tasks.language_of("") == "fr"
