"""A small graph and its writing in five formats: a page of the catalogue is 20,000 triples.

A general library took 20 s to write such a page as Turtle; this takes tenths of a second. The tests
read every format back with that library and compare.

A resource is its IRI, or "_:…" for a blank node; predicates, classes and datatypes are prefixed
names; a literal is (text, language, datatype). A blank node hangs on one thing, and is written in
its place. Turtle: https://www.w3.org/TR/turtle/ (N3 holds it), N-Triples:
https://www.w3.org/TR/n-triples/, RDF/XML: https://www.w3.org/TR/rdf-syntax-grammar/, JSON-LD:
https://www.w3.org/TR/json-ld11/.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

PREFIXES: Mapping[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
TYPE = "rdf:type"
Literal = tuple[str, str, str]
Value = str | Literal
Node = Mapping[str, list[Value]]
_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)  # fmt: skip
# The parser of XML makes a line feed of a carriage return that is not written so.
_XML = {"\r": "&#13;"}


def full(name: str) -> str:
    """Return the IRI of a prefixed name."""
    prefix, _colon, local = name.partition(":")
    return PREFIXES[prefix] + local


class Triples:
    """Subject -> predicate -> values, each once, in the order they came."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, list[Value]]] = {}
        self._blanks = 0

    def add(self, subject: str, predicate: str, value: Value) -> None:
        """Add a triple; a second time it changes nothing."""
        values = self.nodes.setdefault(subject, {}).setdefault(predicate, [])
        if value not in values:
            values.append(value)

    def blank(self) -> str:
        """Return a new blank node."""
        self._blanks += 1
        return f"_:b{self._blanks}"

    def __len__(self) -> int:
        return sum(len(values) for node in self.nodes.values() for values in node.values())

    def named(self) -> Iterator[tuple[str, Node]]:
        """Return the nodes that have an IRI; blank ones are written where they hang."""
        return ((name, node) for name, node in self.nodes.items() if not name.startswith("_:"))


def _quoted(value: Literal) -> str:
    text, language, datatype = value
    mark = f"@{language}" if language else f"^^{datatype}" if datatype else ""
    return f'"{text.translate(_ESCAPES)}"{mark}'


def turtle(graph: Triples) -> str:
    """Return the graph as Turtle."""

    def body(node: Node, between: str) -> str:
        lines = []
        for predicate, values in node.items():
            if predicate == TYPE:
                lines.append(f"a {', '.join(map(str, values))}")
            else:
                lines.append(f"{predicate} {', '.join(map(one, values))}")
        return f" ;{between}".join(lines)

    def one(value: Value) -> str:
        if not isinstance(value, str):
            return _quoted(value)
        if value.startswith("_:"):
            return f"[ {body(graph.nodes[value], ' ')} ]"
        return f"<{value}>"

    head = "".join(f"@prefix {name}: <{space}> .\n" for name, space in PREFIXES.items())
    nodes = (f"\n<{name}> {body(node, chr(10) + '    ')} .\n" for name, node in graph.named())
    return head + "".join(nodes)


def ntriples(graph: Triples) -> str:
    """Return the graph as N-Triples."""
    lines = []
    for name, node in graph.nodes.items():
        subject = name if name.startswith("_:") else f"<{name}>"
        for predicate, values in node.items():
            verb = f"<{full(predicate)}>"
            for value in values:
                if not isinstance(value, str):
                    text, language, datatype = value
                    typed = f"<{full(datatype)}>" if datatype else ""
                    written = _quoted((text, language, typed))
                elif predicate == TYPE:
                    written = f"<{full(value)}>"
                else:
                    written = value if value.startswith("_:") else f"<{value}>"
                lines.append(f"{subject} {verb} {written} .\n")
    return "".join(lines)


def xml(graph: Triples) -> str:
    """Return the graph as RDF/XML."""

    def body(node: Node) -> str:
        return "".join(
            element(predicate, value) for predicate, values in node.items() for value in values
        )

    def element(predicate: str, value: Value) -> str:
        if not isinstance(value, str):
            text, language, datatype = value
            mark = f' xml:lang="{language}"' if language else ""
            if datatype:
                mark = f' rdf:datatype="{full(datatype)}"'
            return f"<{predicate}{mark}>{escape(text, _XML)}</{predicate}>\n"
        if value.startswith("_:"):
            inside = body(graph.nodes[value])
            return f"<{predicate}><rdf:Description>\n{inside}</rdf:Description></{predicate}>\n"
        address = full(value) if predicate == TYPE else value
        return f"<{predicate} rdf:resource={quoteattr(address)}/>\n"

    spaces = " ".join(f'xmlns:{name}="{space}"' for name, space in PREFIXES.items())
    nodes = "".join(
        f"<rdf:Description rdf:about={quoteattr(name)}>\n{body(node)}</rdf:Description>\n"
        for name, node in graph.named()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF {spaces}>\n{nodes}</rdf:RDF>\n'


def jsonld(graph: Triples) -> str:
    """Return the graph as JSON-LD, with its context inside."""

    def body(node: Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for predicate, values in node.items():
            if predicate == TYPE:
                found["@type"] = list(values)
            else:
                said = [one(value) for value in values]
                found[predicate] = said[0] if len(said) == 1 else said
        return found

    def one(value: Value) -> dict[str, Any]:
        if isinstance(value, str):
            return body(graph.nodes[value]) if value.startswith("_:") else {"@id": value}
        text, language, datatype = value
        kind = {"@language": language} if language else {"@type": datatype} if datatype else {}
        return {"@value": text, **kind}

    nodes = [{"@id": name, **body(node)} for name, node in graph.named()]
    return json.dumps({"@context": PREFIXES, "@graph": nodes}, ensure_ascii=False, indent=1)


WRITERS: Mapping[str, Callable[[Triples], str]] = {
    "xml": xml, "rdf": xml, "ttl": turtle, "n3": turtle, "jsonld": jsonld, "nt": ntriples
}  # fmt: skip
