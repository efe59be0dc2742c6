"""Letters beside an encoder's vectors, for text that an English encoder cannot read.

MiniLM knows hardly a word of Korean or Japanese. In passages of another script than Latin, single characters and pairs
of them say more: particles, endings and the characters of a topic. They are counted, hashed into COLUMNS places (the
hashing trick, Weinberger et al. 2009, arXiv 0902.2206) and stand before the encoder's numbers, so that each
principle's head weighs both by the principle's own examples. A passage in Latin script alone has zeros there; one that
is half code is counted whole.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from guard.backends.fitting import Encoder
from guard.backends.minilm import Vectors
from guard.backends.windows import Range

COLUMNS = 4096
LENGTHS = (1, 2)  # of the pieces; three and four told no more apart
SHARE = 1.5  # the length of what is put before a vector of length one

_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u036f\u1e00-\u1eff]")  # a letter that is not Latin
_DIGIT = re.compile(r"\d")
_PLACE, _SIGN = COLUMNS - 1, 1 << 31


class Lettered:
    """An encoder whose vectors begin with COLUMNS more numbers. It is an `Encoder` itself."""

    def __init__(self, encoder: Encoder) -> None:
        """What `encoder` gives comes after the letters."""
        self._encoder = encoder
        self.name = encoder.name
        self.digest = hashlib.sha256(f"{encoder.digest} {COLUMNS} {LENGTHS} {SHARE}".encode()).hexdigest()

    def tokens(self, text: str) -> list[Range]:
        """As the encoder's."""
        return self._encoder.tokens(text)

    def encode(self, units: Sequence[str], runs: Sequence[Range]) -> Vectors:
        """As the encoder's, with COLUMNS columns before."""
        rows = [counted(" ".join(units[first:end])) for first, end in runs]
        letters = np.array(rows, dtype=np.float32).reshape(len(runs), COLUMNS)
        return np.concatenate([letters, self._encoder.encode(units, runs)], axis=1)


def wanted(texts: Iterable[str]) -> bool:
    """Whether there is anything among `texts` that letters would tell apart."""
    return any(map(_OTHER_SCRIPT.search, texts))


def counted(text: str) -> Vectors:
    """(COLUMNS,): how often each piece stands in `text`, of length SHARE; zeros where all of it is Latin.

    Figures are all alike, and so is white space.
    """
    places = np.zeros(COLUMNS, dtype=np.float32)
    if not _OTHER_SCRIPT.search(text):
        return places
    line = f" {' '.join(_DIGIT.sub('0', text.lower()).split())} "
    pieces = Counter(line[at : at + length] for length in LENGTHS for at in range(len(line) - length + 1))
    for piece, count in pieces.items():
        code = zlib.crc32(piece.encode("utf-8", "replace"))
        places[code & _PLACE] += (1 if code & _SIGN else -1) * (1 + np.log(count))
    found: Vectors = places * (SHARE / max(float(np.linalg.norm(places)), 1e-9))
    return found
