"""Published openings (`openings.jsonl`) against the leaves: that is how a silent removal shows."""

import hashlib

from parvis.merkle import canon, commit
from parvis.merkle.commit import CommitError, Opening
from parvis.merkle.findings import Finding
from parvis.merkle.leaf import Leaf
from parvis.merkle.state import LogState


class Openings:
    """The openings of one file, verified as the leaves pass."""

    def __init__(self, raw: bytes) -> None:
        """Read the file; what is malformed is kept in `findings`."""
        self.findings: list[Finding] = []
        self.sha256 = hashlib.sha256(raw).hexdigest()
        self._waiting: dict[int, dict[str, Opening]] = {}
        self._bodies: set[int] = set()
        self._opened: list[tuple[int, str, int]] = []
        if raw and not raw.endswith(b"\n"):
            self._fault(-1, "openings.jsonl does not end its last line")
        for number, line in enumerate(raw.removesuffix(b"\n").split(b"\n") if raw else (), start=1):
            self._read(number, line)

    def _fault(self, index: int, detail: str, *, rule: str = "opening") -> None:
        self.findings.append(Finding(index, rule, detail))

    def _read(self, number: int, line: bytes) -> None:
        try:
            value = canon.decode(line)
            if not isinstance(value, dict) or set(value) != {
                "index",
                "part",
                "payload",
                "salt",
            }:
                raise CommitError("not an opening")
            index, part = value["index"], value["part"]
            if type(index) is not int or index < 0 or not isinstance(part, str):
                raise CommitError("malformed index or part")
            opening = commit.from_json(value)
        except (canon.CanonError, CommitError) as error:
            self._fault(-1, f"line {number} of openings.jsonl: {error}")
            return
        if part in self._waiting.setdefault(index, {}):
            self._fault(index, f"{part:.40} is opened twice")
        self._waiting[index][part] = opening

    def check(self, index: int, leaf: Leaf) -> None:
        """Compare the openings of this leaf, if any, with its commitments."""
        for part, opening in self._waiting.pop(index, {}).items():
            if part not in leaf.c:
                self._fault(index, f"the leaf has no part {part:.40}")
                continue
            try:
                commit.verify(leaf.kind, part, opening, leaf.c[part])
            except CommitError as error:
                self._fault(index, str(error))
                continue
            about = index if leaf.ref is None else leaf.ref
            self._opened.append((index, part, about))
            if part == "body":
                self._bodies.add(index)

    def look_for_missing(self, state: LogState) -> None:
        """Name what should be in the file, once the leaves it describes have passed."""
        for index in sorted(self._waiting):
            self._fault(index, "openings of a leaf that is not there or cannot be read")
        for index, contribution in state.visible():
            if contribution.body not in self._bodies:
                detail = f"visible by the leaves, body (leaf {contribution.body}) not published"
                self._fault(index, detail, rule="missing")

    def finish(self, state: LogState) -> None:
        """Name what should no longer be in the file, once the whole log has passed."""
        if self.sha256 not in state.published:
            self._fault(-1, "the SHA-256 of openings.jsonl is in no leaf")
        for index, part, about in self._opened:
            contribution = state.contributions.get(about)
            if contribution is not None and part in contribution.erased:
                self._fault(index, f"{part} was erased and is still published")
