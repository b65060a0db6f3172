"""Small catalogues drawn at random, written straight to the tables: what services refuse too."""

from datetime import UTC, datetime, timedelta
from random import Random

from parvis.catalogue.finding import index
from parvis.catalogue.lists import CATEGORIES
from parvis.catalogue.models import Dataset, Resource
from parvis.core.models import Node, Organisation, State

WORDS = "forêt forêts eau l’eau potable école écoles route routes neige Été budget d’État".split()
TAGS = ("Forêt", "Eau potable", "École", "Route-1", "NEIGE")
FORMATS = ("CSV", "XLSX", "GeoJSON", "PDF")
KEYS = ("theme", "res-note", "annee")
START = datetime(2026, 1, 1, tzinfo=UTC)


def texts(chance: Random, count: int) -> dict[str, str]:
    """Return a text of some words in French, now and then in English too."""
    found = {"fr": " ".join(chance.choice(WORDS) for _n in range(count))}
    if chance.random() < 0.3:
        found["en"] = "forests and drinking water"
    return found


def organisations(chance: Random) -> list[Organisation]:
    """Return three organisations."""
    found = []
    for n in range(3):
        slug = f"org-{chance.randrange(10**9)}-{n}"
        node = Node.objects.create(
            kind="organisation", slug=slug, title={"fr": f"Organisme {n}"}, state=State.PUBLIC
        )
        found.append(Organisation.objects.create(node=node))
    return found


def one(chance: Random, owners: list[Organisation], n: int, state: str | None = None) -> Dataset:
    """Return one dataset with none to three links, marked."""
    node = Node.objects.create(
        kind="dataset",
        slug=f"jeu-{n}-{chance.choice('abc')}",
        title=texts(chance, chance.randrange(1, 5)),
        state=state or chance.choice([State.PUBLIC] * 6 + [State.DRAFT, State.PRIVATE]),
        published_at=START + timedelta(days=chance.randrange(3)),
    )
    west, south = chance.uniform(-180, 170), chance.uniform(-90, 80)
    dataset = Dataset.objects.create(
        node=node,
        organisation=chance.choice([*owners, None]),
        notes=texts(chance, 6) if chance.random() < 0.8 else {},
        licence=chance.choice(["CC-BY-4.0", "CC0-1.0"]),
        frequency=chance.choice(["daily", "annual", "irregular"]),
        tags=[{"fr": tag} for tag in chance.sample(TAGS, chance.randrange(3))],
        categories=chance.sample(sorted(CATEGORIES), chance.randrange(3)),
        languages=["fr"],
        spatial=chance.choice(["Québec", "Lévis", ""]),
        author=chance.choice(["", "Jeanne Forêt"]),
        box=chance.choice([None, [west, south, west + 10, south + 10]]),
        extras={key: chance.choice(["1", "9", "10", "Eau", "b c"]) for key in KEYS
                if chance.random() < 0.5},
        modified_at=START + timedelta(days=chance.randrange(4), microseconds=chance.randrange(3)),
    )  # fmt: skip
    for place in range(chance.randrange(4)):
        Resource.objects.create(
            dataset=dataset, slug=f"f{place}", name=texts(chance, 2), position=place,
            format=chance.choice(FORMATS), url=f"https://exemple.test/{n}/{place}",
            published_at=START if chance.random() < 0.9 else None,
        )  # fmt: skip
    index.mark([dataset.pk])
    return dataset


def catalogue(chance: Random, count: int) -> list[Dataset]:
    """Return some datasets; a part of them merged, a part of those changed since."""
    owners = organisations(chance)
    found = [one(chance, owners, n) for n in range(count)]
    if chance.random() < 0.8:
        index.merge()
        for dataset in chance.sample(found, count // 4):
            dataset.tags = [{"fr": chance.choice(TAGS)}]
            dataset.modified_at = START + timedelta(days=9)
            dataset.save()
            dataset.node.state = chance.choice([State.PUBLIC, State.PRIVATE, State.WITHDRAWN])
            dataset.node.title = texts(chance, 3)
            dataset.node.save()
            index.mark([dataset.pk])
        if chance.random() < 0.5:
            index.merge()
        found += [one(chance, owners, count + n) for n in range(3)]
    return found
