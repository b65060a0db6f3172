"""RFC 6962 hashes kept in tiles of height 8 (c2sp.org/tlog-tiles).

A tile of level L holds up to 256 consecutive roots of perfect subtrees of 256^L leaves. Reading
a root or a proof touches a few tiles per level; growing touches only the new leaves.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_SIZE = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
ENTRIES_LEVEL = -1
ENTRY_SIZE_MAX = 65_535
EMPTY_ROOT = hashlib.sha256(b"").digest()

_GROUP = re.compile(r"[0-9]{3}")
_DECIMAL = re.compile(r"[1-9][0-9]*")

# (level, index, width) -> the tile's `width` hashes, concatenated.
ReadTile = Callable[[int, int, int], bytes]


class TreeError(ValueError):
    """A tile, a bundle or a path is missing or malformed, or a range is outside the tree."""


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 root over `hashes` in order; the hash of nothing if there are none.

    Pairing level by level and promoting an odd last node gives the same tree as the standard's
    split at the largest power of two.
    """
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        paired = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        if len(row) % 2:
            paired.append(row[-1])
        row = paired
    return row[0]


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile's coordinates: level (ENTRIES_LEVEL for an entry bundle), index, width 1 to 256."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not (-1 <= self.level <= 63 and self.index >= 0 and 1 <= self.width <= TILE_WIDTH):
            raise TreeError(f"no such tile: {self.level}, {self.index}, {self.width}")

    @property
    def path(self) -> str:
        """The path under the ledger's address, e.g. `tile/0/x001/x234/067.p/8`."""
        level = "entries" if self.level == ENTRIES_LEVEL else str(self.level)
        index, groups = self.index, [f"{self.index % 1000:03d}"]
        while index := index // 1000:
            groups.insert(0, f"x{index % 1000:03d}")
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"


def parse_path(path: str) -> Tile:
    """Return the tile at `path`; raises TreeError unless it is that tile's only spelling."""
    parts = path.split("/")
    width = TILE_WIDTH
    if len(parts) >= 2 and parts[-2].endswith(".p"):
        if _DECIMAL.fullmatch(parts[-1]) is None or len(parts[-1]) > 3:
            raise TreeError(f"not a tile path: {path:.80}")
        width = int(parts.pop())
        parts[-1] = parts[-1].removesuffix(".p")
    groups = [group.removeprefix("x") for group in parts[2:]]
    levels = {"entries": ENTRIES_LEVEL} | {str(level): level for level in range(64)}
    if len(parts) not in range(3, 10) or parts[1] not in levels:
        raise TreeError(f"not a tile path: {path:.80}")
    if not all(_GROUP.fullmatch(group) for group in groups):
        raise TreeError(f"not a tile path: {path:.80}")
    tile = Tile(levels[parts[1]], int("".join(groups)), width)
    if tile.path != path:
        raise TreeError(f"not a tile path: {path:.80}")
    return tile


def tile_at(level: int, index: int, size: int) -> Tile:
    """Return the tile `index` of `level` as wide as a log of `size` leaves makes it.

    Raises TreeError if that log has no such tile.
    """
    width = min(TILE_WIDTH, (size >> (TILE_HEIGHT * max(level, 0))) - index * TILE_WIDTH)
    if width < 1:
        raise TreeError(f"a log of {size} leaves has no tile {level}, {index}")
    return Tile(level, index, width)


def new_tiles(old: int, new: int) -> list[Tile]:
    """Return the hash tiles a growth from `old` to `new` leaves adds, level by level.

    Full ones first, then the partial one of each level if any. The entry bundles to write are
    those with the index and width of the level 0 tiles.
    """
    if not 0 <= old <= new:
        raise TreeError(f"a log does not grow from {old} to {new}")
    tiles: list[Tile] = []
    level = 0
    while count := new >> (TILE_HEIGHT * level):
        before = old >> (TILE_HEIGHT * level)
        if count > before:
            tiles += [Tile(level, i) for i in range(before // TILE_WIDTH, count // TILE_WIDTH)]
            if width := count % TILE_WIDTH:
                tiles.append(Tile(level, count // TILE_WIDTH, width))
        level += 1
    return tiles


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: big-endian uint16 length then entry, repeated.

    Raises TreeError beyond 256 entries or 65,535 bytes an entry.
    """
    if len(entries) > TILE_WIDTH:
        raise TreeError(f"{len(entries)} entries in one bundle")
    if any(len(entry) > ENTRY_SIZE_MAX for entry in entries):
        raise TreeError(f"an entry has more than {ENTRY_SIZE_MAX} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(raw: bytes, width: int) -> list[bytes]:
    """Return the first `width` entries of a bundle.

    A bundle may hold more than asked for, since a server may keep only the full one.
    Raises TreeError if it is cut, or holds fewer.
    """
    entries: list[bytes] = []
    start = 0
    while len(entries) < width:
        end = start + 2 + int.from_bytes(raw[start : start + 2], "big")
        if start + 2 > len(raw) or end > len(raw):
            raise TreeError(f"bundle cut after {len(entries)} of {width} entries")
        entries.append(raw[start + 2 : end])
        start = end
    return entries


def split_hashes(raw: bytes) -> list[bytes]:
    """Return the hashes of a tile; raises TreeError unless its length is a multiple of 32."""
    if len(raw) % HASH_SIZE:
        raise TreeError(f"tile of {len(raw)} bytes")
    return [raw[i : i + HASH_SIZE] for i in range(0, len(raw), HASH_SIZE)]


def tile_reader(read: Callable[[str], bytes | None]) -> ReadTile:
    """Return a ReadTile over `read(path) -> bytes | None`.

    Falls back from a partial tile to the full one, which a server may keep alone (tlog-tiles);
    raises TreeError if both are missing or have the wrong length.
    """

    def read_tile(level: int, index: int, width: int) -> bytes:
        tile = Tile(level, index, width)
        raw = read(tile.path)
        if raw is None and width < TILE_WIDTH:
            full = read(Tile(level, index).path)
            if full is not None and len(full) == TILE_WIDTH * HASH_SIZE:
                raw = full[: width * HASH_SIZE]
        if raw is None or len(raw) != width * HASH_SIZE:
            raise TreeError(f"{tile.path} is {'missing' if raw is None else 'malformed'}")
        return raw

    return read_tile


class TileTree:
    """The tree of `size` leaves seen through its tiles; each tile is read once.

    What `read_tile` gives is not authenticated here: compare `root()` or verify the proof.
    """

    def __init__(self, size: int, read_tile: ReadTile) -> None:
        self.size = size
        self._read_tile = read_tile
        self._tiles: dict[tuple[int, int], bytes] = {}

    def node(self, height: int, index: int) -> bytes:
        """Return the root of the perfect subtree `index` of 2^`height` leaves."""
        level, rest = divmod(height, TILE_HEIGHT)
        first, count = index << rest, 1 << rest
        tile_index, offset = divmod(first, TILE_WIDTH)
        if (level, tile_index) not in self._tiles:
            tile = tile_at(level, tile_index, self.size)
            raw = self._read_tile(level, tile_index, tile.width)
            if len(raw) != tile.width * HASH_SIZE:
                raise TreeError(f"{tile.path} is malformed")
            self._tiles[level, tile_index] = raw
        raw = self._tiles[level, tile_index][offset * HASH_SIZE : (offset + count) * HASH_SIZE]
        if len(raw) != count * HASH_SIZE:
            raise TreeError(f"the tree of {self.size} leaves has no node {height}, {index}")
        return root(split_hashes(raw))

    def range_root(self, start: int, end: int) -> bytes:
        """Return the RFC 6962 root of leaves `start` to `end` - 1.

        `start` must be a multiple of the largest power of two within `end - start`, as in every
        subtree of the standard; raises TreeError otherwise or outside the tree.
        """
        if not 0 <= start <= end <= self.size:
            raise TreeError(f"leaves {start} to {end} of a tree of {self.size}")
        if start == end:
            return EMPTY_ROOT
        if start % (1 << (end - start).bit_length() - 1):
            raise TreeError(f"leaves {start} to {end} are not a subtree")
        nodes: list[bytes] = []
        while start < end:
            height = (end - start).bit_length() - 1
            nodes.append(self.node(height, start >> height))
            start += 1 << height
        result = nodes.pop()
        while nodes:
            result = node_hash(nodes.pop(), result)
        return result

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        return self.range_root(0, self.size)


class TreeState:
    """The right edge of a growing tree: at most 255 hashes per level, whatever its size.

    Appending n leaves costs O(n) hashes, plus rewriting the partial tile of each level.
    """

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[list[bytes]] = []

    @classmethod
    def load(cls, size: int, read_tile: ReadTile) -> "TreeState":
        """Return the state of a log of `size` leaves from its partial tiles, one per level.

        Compare `root()` with the last checkpoint before trusting it. Raises TreeError.
        """
        state = cls()
        state.size = size
        level = 0
        while count := size >> (TILE_HEIGHT * level):
            row: list[bytes] = []
            if width := count % TILE_WIDTH:
                row = split_hashes(read_tile(level, count // TILE_WIDTH, width))
                if len(row) != width:
                    raise TreeError(f"tile {level}, {count // TILE_WIDTH} is malformed")
            state._rows.append(row)
            level += 1
        return state

    def copy(self) -> "TreeState":
        """Return an independent copy, to try a growth that may fail before it is stored."""
        twin = TreeState()
        twin.size = self.size
        twin._rows = [list(row) for row in self._rows]
        return twin

    def append(self, leaf_hashes: Iterable[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaves and return the tiles to store, exactly those of `new_tiles(old, new)`."""
        old, full = self.size, dict[Tile, bytes]()
        for digest in leaf_hashes:
            if len(digest) != HASH_SIZE:
                raise TreeError(f"leaf hash of {len(digest)} bytes")
            self.size += 1
            self._push(0, digest, full)
        partial = dict(self.edge())
        return [
            (tile, full[tile] if tile.width == TILE_WIDTH else partial[tile])
            for tile in new_tiles(old, self.size)
        ]

    def edge(self) -> list[tuple[Tile, bytes]]:
        """Return the partial tile of each level that has one."""
        return [
            (
                Tile(level, (self.size >> (TILE_HEIGHT * level)) // TILE_WIDTH, len(row)),
                b"".join(row),
            )
            for level, row in enumerate(self._rows)
            if row
        ]

    def _push(self, level: int, digest: bytes, full: dict[Tile, bytes]) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row.append(digest)
        if len(row) == TILE_WIDTH:
            index = (self.size >> (TILE_HEIGHT * (level + 1))) - 1
            full[Tile(level, index)] = b"".join(row)
            self._rows[level] = []
            self._push(level + 1, root(row), full)

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        ragged: list[bytes] = []
        for row in self._rows:
            # The incomplete subtree on the right is the last node of the row above it.
            if row or ragged:
                ragged = [root(row + ragged)]
        return ragged[0] if ragged else EMPTY_ROOT
