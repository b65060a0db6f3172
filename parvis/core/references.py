"""References for tools: BibTeX and RIS, with nothing in a text that they take for a command."""

from collections.abc import Iterable, Mapping

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def plain(text: str) -> str:
    """Return a text on one line, with plain spaces."""
    return " ".join(text.replace("\u00a0", " ").split())


def tex(text: str) -> str:
    """Return a text in which nothing is a command of TeX."""
    return "".join(_TEX.get(character, character) for character in plain(text))


def bibtex(kind: str, key: str, fields: Mapping[str, str]) -> str:
    """Return an entry of BibTeX; its values are written already (`tex`, or an address)."""
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{key},\n{lines}\n}}\n"


def ris(fields: Iterable[tuple[str, str]]) -> str:
    """Return a record of RIS: (tag, value) in order, TY first; ER is added."""
    lines = [f"{tag}  - {plain(value)}" for tag, value in fields if plain(value)]
    return "\r\n".join([*lines, "ER  - ", ""])
