"""Words in another language than the page's are marked (WCAG 2.2, 3.1.2), where HTML can."""

import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils.translation import gettext_lazy, override

from parvis.core.i18n import Foreign, tr
from tests.factories import make_consultation

BOTH = {"fr": "Ministère", "en": "Department"}
FRENCH = {"fr": "Les données & vous : oui"}


def draw(source: str, language: str, **context: object) -> str:
    with override(language):
        return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        (BOTH, "fr", "Ministère"),
        (BOTH, "en", "Department"),
        (FRENCH, "fr", "Les données &amp; vous\u00a0: oui"),
        (FRENCH, "en", '<span lang="fr-CA">Les données &amp; vous\u00a0: oui</span>'),
        ({"en": "Only here"}, "fr", '<span lang="en-CA">Only here</span>'),
        ("<b> plain", "en", "&lt;b&gt; plain"),
        ({}, "en", ""),
        (None, "en", ""),
        (gettext_lazy("Commitments"), "fr", "Engagements"),
    ],
)
def test_only_what_is_in_another_language_is_marked(text, language, shown) -> None:
    assert draw("{{ text|said }}", language, text=text) == shown


def test_the_mark_survives_what_python_does_before() -> None:
    with override("en"):
        name = tr(FRENCH)
    assert isinstance(name, Foreign) and name == "Les données & vous\u00a0: oui"
    assert draw("{{ name }}", "en", name=name) == "Les données &amp; vous\u00a0: oui"
    marked = '<span lang="fr-CA">Les don…</span>'
    assert draw("{{ name|said:8 }}", "en", name=name) == marked
    assert draw("{{ text|said:8 }}", "en", text=BOTH) == "Departm…"
    two = draw("{{ all|names }}", "en", all=[name, "A & B"])
    assert two == '<span lang="fr-CA">Les données &amp; vous\u00a0: oui</span>, A &amp; B'
    assert draw("{{ text|tr|paragraphs }}", "en", text={"fr": "Un.\n\nDeux."}) == (
        '<p lang="fr-CA">Un.</p><p lang="fr-CA">Deux.</p>'
    )


_TOKEN = re.compile(r"(\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\})", re.DOTALL)
_RAW = re.compile(r"<(/?)(title|option|textarea|script|style|svg)\b")


def _wrong(source: str) -> list[str]:
    """Return the uses of `said` (and `names`) inside a tag, or where an element holds text only."""
    found, tag, raw, title = [], False, 0, False
    for token in _TOKEN.split(source):
        if token.startswith("{%"):
            words = token[2:-2].split()
            if words[0] in {"block", "endblock"}:
                title = words[0] == "block" and words[1] in {"title", "meta"}
        if token.startswith(("{{", "{%")):
            if re.search(r"\|(said|names)\b", token) and (tag or raw > 0 or title):
                found.append(token)
            continue
        if token.startswith("{#"):
            continue
        for closing, _name in _RAW.findall(token):
            raw += -1 if closing else 1
        tag = token.rfind("<") > token.rfind(">") if re.search("[<>]", token) else tag
    return found


def test_no_template_puts_the_mark_where_it_cannot_be() -> None:
    assert _wrong('<a title="{{ x|said }}">') and _wrong("<option>{{ x|said:3 }}</option>")
    assert _wrong("{% block title %}{{ x|said }}{% endblock %}")
    assert not _wrong('<a title="{{ x|tr }}">{{ x|said }}</a>')
    root = Path(__file__).resolve().parents[2]
    uses = 0
    for path in sorted(root.rglob("templates/**/*.html")):
        source = path.read_text(encoding="utf-8")
        uses += source.count("|said")
        assert _wrong(source) == [], path
    assert uses > 200


@pytest.mark.django_db
def test_an_english_page_marks_its_french_names(client) -> None:
    consultation = make_consultation()
    node, institution = consultation.node, consultation.organisation.node
    type(node).objects.filter(pk=node.pk).update(title={"fr": "Le plan à venir"})
    type(node).objects.filter(pk=institution.pk).update(title={"fr": "Le Secrétariat"})
    with override("en"):
        page = client.get(reverse("consultation", args=[node.slug])).content.decode()
        listed = client.get(reverse("consultations")).content.decode()
    assert '<h1><span lang="fr-CA">Le plan à venir</span></h1>' in page
    assert '<span lang="fr-CA">Le Secrétariat</span>' in page
    assert "<title>Le plan à venir" in page
    assert '<span lang="fr-CA">Le plan à venir</span></a></h3>' in listed
    with override("fr"):
        french = client.get(reverse("consultation", args=[node.slug])).content.decode()
    assert "<h1>Le plan à venir</h1>" in french
