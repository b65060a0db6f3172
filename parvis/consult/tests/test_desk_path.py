"""An adviser who reads only the pages goes from the blueprint to an open consultation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import pytest
from django.test import Client
from django.utils import timezone

from parvis.consult import phases, services
from parvis.consult.models import Consultation
from parvis.core.models import Event, Site, State
from tests.factories import make_legal_defaults, make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db
PAGES_MAX, FIELDS_MAX = 12, 40
# Keystroke-level model (Card, Moran and Newell, 1983), in seconds: think, point, press the button
# of a mouse, move the hands between mouse and keyboard, type a character (40 words a minute).
THINK, POINT, PRESS, HOME, KEY = 1.35, 1.1, 0.2, 0.4, 0.28
# Reading is no keystroke: a page is looked over at 230 words a minute, 60 words of it.
LOOK = 60 / 230 * 60
MINUTES_MAX = 15


@dataclass
class HtmlForm:
    """A form as a browser sees it: names, values, what may be chosen, its buttons."""

    method: str = "get"
    action: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Reader(HTMLParser):
    """Reads the forms and links of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[HtmlForm] = []
        self.links: list[tuple[str, str]] = []
        self._select = self._area = self._option = ""
        self._text: list[str] = []
        self._href = ""

    def handle_starttag(self, tag, attrs):
        a = {key: value or "" for key, value in attrs}
        if tag == "a" and "href" in a:
            self._href, self._text = a["href"], []
        if tag == "form":
            self.forms.append(HtmlForm(a.get("method", "get").lower(), a.get("action", "")))
        if not self.forms:
            return
        form, name = self.forms[-1], a.get("name", "")
        if tag == "input" and name and a.get("type") in {"radio", "checkbox"}:
            form.choices.setdefault(name, []).append(a.get("value", "on"))
            form.values.setdefault(name, [])
            if "checked" in dict(attrs):
                form.values[name].append(a.get("value", "on"))
        elif tag == "input" and name and a.get("type") not in {"file", "submit"}:
            form.values.setdefault(name, []).append(a.get("value", ""))
        elif tag == "textarea":
            self._area, self._text = name, []
        elif tag == "select":
            self._select = name
            form.values[name] = []
        elif tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(a.get("value", ""))
            if "selected" in dict(attrs):
                form.values[self._select].append(a.get("value", ""))
        elif tag == "button":
            form.buttons.append((name, a.get("value", "")))

    def handle_data(self, data):
        self._text.append(data)

    def handle_endtag(self, tag):
        if tag == "textarea":
            text = "".join(self._text)
            self.forms[-1].values[self._area] = [text.removeprefix("\n")]
        elif tag == "select":
            name = self._select
            if not self.forms[-1].values[name] and self.forms[-1].choices.get(name):
                self.forms[-1].values[name] = [self.forms[-1].choices[name][0]]
            self._select = ""
        elif tag == "a" and self._href:
            self.links.append((self._href, " ".join("".join(self._text).split())))
            self._href = ""


class Adviser:
    """Visits pages and fills their forms, counting both."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.pages: list[str] = []
        self.fields = 0
        self.seconds = 0.0
        self.url, self.html, self.status = "", "", 0

    def _shown(self, response) -> None:
        while response.status_code in {301, 302, 303}:
            self.url = urldefrag(urljoin(self.url, response["Location"]))[0]
            response = self.client.get(self.url)
        self.status = response.status_code
        self.html = response.content.decode()
        self.reader = Reader()
        self.reader.feed(self.html)
        self.pages.append(self.url)
        self.seconds += LOOK

    def visit(self, url: str) -> None:
        self.url = urldefrag(urljoin(self.url, url))[0]
        self.seconds += THINK + POINT + PRESS
        self._shown(self.client.get(self.url))

    def follow(self, words: str) -> None:
        found = [href for href, text in self.reader.links if words in text]
        assert found, f"no link {words!r} on {self.url}"
        self.visit(found[0])

    def send(self, holding: str, typed: dict[str, str]) -> None:
        """Fill the form that holds a field; only what differs from what is there counts."""
        form = next(f for f in self.reader.forms if f.method == "post" and holding in f.values)
        values = {name: list(value) for name, value in form.values.items()}
        for name, value in typed.items():
            assert name in values, f"no field {name!r} on {self.url}: {sorted(values)}"
            if name in form.choices:
                assert value in form.choices[name]
            if values[name] != [value]:
                values[name] = [value]
                self.fields += 1
                self.seconds += THINK + POINT + PRESS + HOME
                chosen = name in form.choices
                self.seconds += POINT + PRESS if chosen else HOME + KEY * len(value)
        action = urljoin(self.url, form.action) if form.action else self.url
        self.url = urldefrag(action)[0]
        self.seconds += THINK + POINT + PRESS
        self._shown(self.client.post(self.url, values))


def _plan_of(client: Client, english: bool) -> tuple[Adviser, Consultation]:
    make_site()
    make_organisation("mcn", "Ministère de la Cybersécurité et du Numérique")
    client.force_login(make_person("adviser"))
    me = Adviser(client)
    opens = timezone.localdate() + timedelta(days=3)
    me.visit("/fr/bureau/consultations/nouvelle/")
    form = next(f for f in me.reader.forms if "blueprint" in f.values)
    typed = {
        "blueprint": form.choices["blueprint"][0],
        "title_fr": "Les priorités du plan d’action",
        "organisation": form.choices["organisation"][-1],
        "opens": opens.isoformat(),
        "closes": (opens + timedelta(days=40)).isoformat(),
    }
    if english:
        typed["title_en"] = "The priorities of the action plan"
    me.send("blueprint", typed)
    assert me.status == 200, me.html
    return me, Consultation.objects.select_related("node").get()


def _complete(me: Adviser, english: bool) -> None:
    def both(name: str, french: str, other: str) -> dict[str, str]:
        return {f"{name}_fr": french, **({f"{name}_en": other} if english else {})}

    me.follow("Remplir ce qui manque")
    me.send("question_fr", both("question", "Quelles actions du plan doivent venir d’abord?",
                               "Which actions of the plan should come first?"))  # fmt: skip
    me.send("influence_who_fr", {
        **both("influence_decision", "L’ordre des actions du plan.", "The order of the actions."),
        **both("influence_who", "Le sous-ministre", "The deputy minister"),
        **both("influence_out", "Le budget total.", "The total budget."),
    })  # fmt: skip
    me.follow("Quelles actions doivent venir en premier")
    lines = [
        ("Publier les contrats", "Publish contracts"),
        ("Ouvrir les données", "Open the data"),
        ("Simplifier les formulaires", "Simplify forms"),
        ("Former le personnel", "Train staff"),
        ("Répondre plus vite", "Answer faster"),
    ]
    me.send("options", {
        "options": "\n".join(f"{f} | {e}" if english else f for f, e in lines)
    })  # fmt: skip
    me.follow("Retour à la consultation")


def _legal(me: Adviser, first: bool) -> None:
    """The documents are read and confirmed; the first time, the body says what it is."""
    me.follow("Remplir ce qui manque")
    if first:
        me.follow("Ce que votre organisme dit une fois pour toutes")
        # It serves all consultations of the body, so it is asked in both languages.
        me.send("hosting_fr", {
            "hosting_fr": "Sur un serveur à Québec.", "hosting_en": "On a server at Québec.",
            "governance_fr": "Elles sont publiées.", "governance_en": "They are published.",
        })  # fmt: skip
    me.send("seen", {})


@pytest.mark.parametrize(("english", "first"), [(True, False), (False, False), (True, True)])
def test_from_the_blueprint_to_open(
    client: Client, english: bool, first: bool, record_property: Callable[[str, object], None]
) -> None:
    if not first:
        make_legal_defaults()
    me, consultation = _plan_of(client, english)
    assert consultation.languages == (["fr", "en"] if english else ["fr"])
    assert services.holes(consultation), "the blueprint's brackets must hold the opening back"
    _complete(me, english)
    _legal(me, first)
    left = services.holes(Consultation.objects.select_related("node").get())
    assert not left, [str(hole.words) for hole in left]
    me.send("key", {})
    consultation.node.refresh_from_db()
    assert consultation.node.state == State.PUBLIC
    assert Event.objects.filter(verb="consultation.published").count() == 1
    # Once in the life of a body, two pages more.
    assert len(me.pages) <= PAGES_MAX + 2 * first, "\n".join(me.pages)
    assert me.fields <= FIELDS_MAX, me.fields
    record_property("pages", len(me.pages))
    record_property("fields", me.fields)
    record_property("minutes", round(me.seconds / 60, 1))
    assert me.seconds / 60 <= MINUTES_MAX, me.seconds
    survey = consultation.activities.select_related("consultation__node").get(method="survey")
    later = timezone.now() + timedelta(days=4)
    assert phases.is_open(survey, "answer", at=later)
    assert not phases.is_open(survey, "answer")
    first = survey.settings["pages"][0]["questions"][0]
    assert first["options"][0]["id"] == "action-1"
    assert first["options"][0]["label"]["fr"] == "Publier les contrats"


def test_from_the_blueprint_to_open_with_a_second_person(client: Client) -> None:
    """The adviser asks, a coordinator approves, the adviser opens: no page nor field too many."""
    make_legal_defaults()
    me, consultation = _plan_of(client, True)
    Site.objects.update(approval=Site.Approval.SECOND_PERSON)
    _complete(me, True)
    _legal(me, False)
    me.send("note", {"note": "Les options sont nouvelles."})
    assert me.url.endswith(f"/approbation/{consultation.reviews.get().pk}/")
    other = Client()
    other.force_login(make_person("coordinator"))
    reads = Adviser(other)
    reads.visit("/fr/bureau/")
    reads.follow("Lire et décider")
    assert "Publier les contrats" in reads.html
    reads.send("words", {})
    assert (len(reads.pages), reads.fields) == (3, 0)
    me.visit(f"/fr/bureau/consultations/{consultation.node.slug}/ouvrir/")
    me.send("key", {})
    consultation.node.refresh_from_db()
    assert consultation.node.state == State.PUBLIC
    # Up to opening; the last page is the desk of what is open.
    assert len(me.pages[:-1]) <= PAGES_MAX, "\n".join(me.pages)
    assert me.fields <= FIELDS_MAX, me.fields


def test_brackets_left_are_refused(client: Client) -> None:
    me, consultation = _plan_of(client, True)
    me.visit(f"/fr/bureau/consultations/{consultation.node.slug}/ouvrir/")
    answer = client.post(me.url, {"key": "k" * 22})
    assert answer.status_code == 422
    html = answer.content.decode()
    for hole in services.holes(consultation):
        assert str(hole.url).split("#")[0].replace("/en/", "/fr/") in html
    consultation.node.refresh_from_db()
    assert consultation.node.state == State.DRAFT
