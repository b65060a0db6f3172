"""The columns of the spreadsheet, in French and in English, and the words that their cells take."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.text import slugify
from django.utils.translation import get_language

Both = Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """A column: its headers, what it holds, other headers that are understood."""

    key: str
    header: Both
    holds: Both
    also: tuple[str, ...] = ()


def _texts(key: str, fr: str, en: str, holds: Both, *also: str) -> tuple[Column, ...]:
    """A text in two languages: one column each."""
    said = {"fr": ("en français", "en anglais"), "en": ("in French", "in English")}
    return tuple(
        Column(
            f"{key}_{code}",
            {"fr": f"{fr} ({code})", "en": f"{en} ({code})"},
            {here: f"{holds[here]}, {said[here][rank]}." for here in ("fr", "en")},
            tuple(f"{name} {code}" for name in also),
        )
        for rank, code in enumerate(("fr", "en"))
    )


COLUMNS: tuple[Column, ...] = (
    Column(
        "page",
        {"fr": "page", "en": "page"},
        {
            "fr": "Identifiant de la page, ou son numéro. Vide : la même page que la ligne "
            "au-dessus.",
            "en": "Identifier of the page, or its number. Empty: the page of the row above.",
        },
    ),
    *_texts(
        "page_title", "titre de la page", "page title",
        {"fr": "Titre de la page, sur sa première ligne", "en": "Its title, on its first row"},
        "titre page",
    ),
    *_texts(
        "intro", "introduction de la page", "page introduction",
        {"fr": "Ce qui est dit au-dessus des questions", "en": "Said above the questions"},
        "introduction", "intro",
    ),
    Column(
        "id",
        {"fr": "identifiant", "en": "identifier"},
        {
            "fr": "Identifiant de la question : petites lettres, chiffres, - ou _. Vide : il est "
            "fait à partir des mots.",
            "en": "Identifier of the question: small letters, digits, - or _. Empty: made of the "
            "words.",
        },
        ("id", "code"),
    ),
    Column(
        "type",
        {"fr": "type", "en": "type"},
        {
            "fr": "choix unique, choix multiple, classement, échelle, nombre, texte court ou texte "
            "long.",
            "en": "single choice, multiple choice, ranking, scale, number, short text or long "
            "text.",
        },
    ),
    *_texts(
        "label", "question", "question",
        {"fr": "La question", "en": "The question"}, "libelle", "label", "enonce", "wording",
    ),
    *_texts(
        "help", "aide", "help",
        {"fr": "L’aide sous la question", "en": "The help under the question"},
    ),
    Column(
        "required",
        {"fr": "obligatoire", "en": "required"},
        {"fr": "oui ou non. Vide : non.", "en": "yes or no. Empty: no."},
        ("requis",),
    ),
    Column(
        "about",
        {"fr": "porte sur", "en": "about"},
        {
            "fr": "opinion ou personne (âge, région…). Vide : opinion.",
            "en": "opinion or person (age, region…). Empty: opinion.",
        },
    ),
    *_texts(
        "options", "réponses", "answers",
        {
            "fr": "Les réponses à choisir, séparées par |; ou une réponse par ligne, sous la "
            "question",
            "en": "The answers to choose, separated by |; or one answer a row, under the question",
        },
        "options", "choix", "choices",
    ),
    Column(
        "option_id",
        {"fr": "identifiant de la réponse", "en": "answer identifier"},
        {
            "fr": "Identifiant de la réponse, quand il y en a une par ligne. Vide : fait à partir "
            "des mots.",
            "en": "Identifier of the answer, where there is one a row. Empty: made of the words.",
        },
        ("option id", "id option", "answer id"),
    ),
    Column(
        "other",
        {"fr": "autre", "en": "other"},
        {
            "fr": "oui : ajoute « Autre », avec un texte. Choix unique ou multiple.",
            "en": "yes: adds “Other”, with a text. Single or multiple choice.",
        },
    ),
    Column(
        "min",
        {"fr": "minimum", "en": "minimum"},
        {
            "fr": "Nombre de choix, bas de l’échelle, plus petit nombre, ou caractères.",
            "en": "Number of choices, low end of the scale, smallest number, or characters.",
        },
        ("min",),
    ),
    Column(
        "max",
        {"fr": "maximum", "en": "maximum"},
        {
            "fr": "Nombre de choix, haut de l’échelle, plus grand nombre, ou caractères.",
            "en": "Number of choices, high end of the scale, largest number, or characters.",
        },
        ("max",),
    ),
    *_texts(
        "low", "bas de l’échelle", "low end",
        {"fr": "Ce que veut dire le bas de l’échelle", "en": "What the low end means"},
        "bas", "low",
    ),
    *_texts(
        "high", "haut de l’échelle", "high end",
        {"fr": "Ce que veut dire le haut de l’échelle", "en": "What the high end means"},
        "haut", "high",
    ),
    Column(
        "show_if",
        {"fr": "afficher si", "en": "show if"},
        {
            "fr": "question = réponse | réponse : par identifiants, d’une page plus tôt. Vide : "
            "toujours.",
            "en": "question = answer | answer: by identifiers, of an earlier page. Empty: always.",
        },
        ("condition",),
    ),
)  # fmt: skip
BY_KEY = {column.key: column for column in COLUMNS}

# type -> words that say it, the first of each language being the one that is written.
TYPES: dict[str, Mapping[str, tuple[str, ...]]] = {
    "single": {"fr": ("choix unique", "un choix"), "en": ("single choice", "single")},
    "multiple": {
        "fr": ("choix multiple", "choix multiples", "plusieurs choix"),
        "en": ("multiple choice", "multiple"),
    },
    "ranking": {"fr": ("classement",), "en": ("ranking",)},
    "scale": {"fr": ("échelle",), "en": ("scale",)},
    "number": {"fr": ("nombre",), "en": ("number",)},
    "short": {"fr": ("texte court",), "en": ("short text", "short")},
    "long": {"fr": ("texte long",), "en": ("long text", "long")},
}
YES = {"fr": "oui", "en": "yes"}
NO = {"fr": "non", "en": "no"}
OPINION = {"fr": "opinion", "en": "opinion"}
PERSON = {"fr": "personne", "en": "person"}
_TRUE = frozenset({"oui", "yes", "vrai", "true", "1", "x", "o", "y"})
_FALSE = frozenset({"", "non", "no", "faux", "false", "0", "n"})
_PERSON = frozenset({"personne", "person", "caracteristique", "characteristic"})


def language() -> str:
    """Return the reader's language, one of those that columns have."""
    return "en" if (get_language() or "fr").startswith("en") else "fr"


def header_of(key: str) -> str:
    """Return the header of a column in the reader's language, "" where there is none."""
    return BY_KEY[key].header[language()] if key in BY_KEY else ""


def folded(words: str) -> str:
    """Return words as they are compared: no accent, no case, no punctuation."""
    return slugify(words.replace("’", " ").replace("'", " ").replace("_", " "))


KEY_OF: dict[str, str] = {
    folded(name): column.key
    for column in COLUMNS
    for name in (*column.header.values(), *column.also, column.key)
}
TYPE_OF: dict[str, str] = {
    folded(name): kind
    for kind, words in TYPES.items()
    for names in (*words.values(), (kind,))
    for name in names
}


def truth(words: str) -> bool | None:
    """Return yes or no, or None where it is neither."""
    found = folded(words)
    if found in _TRUE:
        return True
    return False if found in _FALSE else None


def is_opinion(words: str) -> bool | None:
    """Return whether a question asks an opinion, or None where the word is not known."""
    found = folded(words)
    if found in {"", "opinion"}:
        return True
    return False if found in _PERSON else None
