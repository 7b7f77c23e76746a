"""What a file is that is no UTF-8 text, and the command that makes one of it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

from rnnlab.home import as_typed

LOOKED_AT = 4096
"""Bytes at the beginning of a file."""
PART_OF_NULS = 0.8
"""Of every second byte of UTF-16; letters of other scripts than the Latin one have none."""
SHORTEST_UTF16 = 4

PANDAS = """python -c "import pandas, sys; pandas.read_parquet(sys.argv[1]).to_csv(sys.stdout)" {file} > {new}"""
NUMPY = (
    """python -c "import numpy, sys; numpy.savetxt(sys.stdout, numpy.load(sys.argv[1]), delimiter=',')" """
    "{file} > {new}"
)
LIBREOFFICE = "libreoffice --headless --convert-to csv {file}"
WEB_PAGE = "is a web page, perhaps one that a file was to be fetched from"

KINDS = (
    (b"\x1f\x8b", "is compressed (gzip)", "gunzip -c {file} > {new}"),
    (b"bzh", "is compressed (bzip2)", "bzip2 -dc {file} > {new}"),
    (b"\xfd7zxz\x00", "is compressed (xz)", "xz -dc {file} > {new}"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd)", "zstd -dc {file} > {new}"),
    (b"7z\xbc\xaf\x27\x1c", "is an archive (7-Zip)", "7z x {file}"),
    (b"par1", "is a Parquet table", PANDAS),
    (b"\x93numpy", "is a NumPy array", NUMPY),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook", LIBREOFFICE),
    (b"\x89hdf", "is an HDF5 or netCDF file; export its table as CSV", None),
    (b"cdf\x01", "is a netCDF file; export its table as CSV", None),
    (b"cdf\x02", "is a netCDF file; export its table as CSV", None),
    (b"sqlite format 3", "is an SQLite database; export its table as CSV", None),
    (b"%pdf-", "is a PDF document", None),
    (b"\x89png", "is a picture, and no UTF-8 text", None),
    (b"<!doctype html", WEB_PAGE, None),
    (b"<html", WEB_PAGE, None),
    (b"version https://git-lfs", "stands for a file that Git LFS keeps", "git lfs pull"),
)
"""First bytes, in small letters; what they mean; and what to do."""

WORKBOOK = (b"xl/", b"[Content_Types].xml", b"opendocument.spreadsheet")
"""What stands near the beginning of a zip archive that is a workbook."""

BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class Kind(NamedTuple):
    """What a file is, as the rest of a sentence, and the shell's command that makes text of it, or None."""

    what: str
    command: str | None


def other_kind(path: Path) -> Kind | None:
    """Return what a file is by its first bytes, or None if it may be UTF-8 text.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    if head.startswith(b"PK\x03\x04"):
        if any(part in head for part in WORKBOOK):
            return Kind("is a workbook of Excel or LibreOffice", _filled(LIBREOFFICE, path))
        return Kind("is an archive (zip)", _filled("unzip {file}", path))
    for first, what, command in KINDS:
        if head[: len(first)].lower() == first:
            return Kind(what, _filled(command, path, "unpacked") if command else None)
    marked = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), None)
    encoding = marked or _utf16_without_mark(head)
    return _encoded(path, encoding) if encoding else None


def undecodable_line(path: Path) -> tuple[int, Kind]:
    """Return the number of the first line that is no UTF-8 text, and what it looks like.

    Raises:
        OSError: the file cannot be read.
    """
    number, kind = 1, Kind("holds bytes that are no UTF-8 text; it may be no CSV file", None)
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not _decodes(line, "UTF-8"):
                encoding = _encoding(line)
                return number, _encoded(path, encoding) if encoding else kind
    return number, kind


def new_name(path: Path, ending: str) -> str:
    """Return a name that is free, beside a file, for what a command makes of it."""
    packed = path.suffix.lower() in (".gz", ".bz2", ".xz", ".zst", ".parquet", ".npy")
    name = path.stem if packed and path.stem.endswith(".csv") else f"{path.stem.removesuffix('.csv')}-{ending}.csv"
    number = 1
    while path.with_name(name).exists():
        number += 1
        name = f"{path.stem.removesuffix('.csv')}-{ending}-{number}.csv"
    return as_typed(path.with_name(name))


def _filled(command: str, path: Path, ending: str = "") -> str:
    return command.format(file=shlex.quote(as_typed(path)), new=shlex.quote(new_name(path, ending)))


def _encoded(path: Path, encoding: str) -> Kind:
    command = _filled(f"iconv -f {encoding} -t UTF-8 {{file}} > {{new}}", path, "utf8")
    return Kind(f"is no UTF-8 text; it looks like {encoding}", command)


def _encoding(line: bytes) -> str | None:
    """Return what a line is encoded in that is no UTF-8 text, or None if it is hardly text at all."""
    if any(byte < ord(" ") and byte not in b"\t\r\n" for byte in line):
        return None
    if _is_chinese(line):
        return "GB18030"
    return "WINDOWS-1252" if _decodes(line, "WINDOWS-1252") else "ISO-8859-1"


def _is_chinese(line: bytes) -> bool:
    """Return whether all bytes beyond ASCII come in pairs, each a Chinese character of GB18030.

    A pair that stands within a word of Latin letters is two of them with marks, as in Größe.
    """
    pairs = all(len(run) % 2 == 0 for run in re.findall(rb"[\x80-\xff]+", line))
    within_word = re.search(rb"[A-Za-z][\xc0-\xff]{2}(?![\x80-\xff])|(?<![\x80-\xff])[\xc0-\xff]{2}[a-z]", line)
    if not pairs or within_word or not _decodes(line, "GB18030"):
        return False
    beyond = [letter for letter in line.decode("GB18030") if not letter.isascii()]
    return all("\u3000" <= letter <= "\u9fff" or letter >= "\uff00" for letter in beyond)


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(head: bytes) -> str | None:
    """Return UTF-16 as it is read without its mark, where nearly every second byte of the text is NUL."""
    if len(head) >= SHORTEST_UTF16:
        for first, encoding in ((0, "UTF-16BE"), (1, "UTF-16LE")):
            nuls, others = head[first::2], head[1 - first :: 2]
            if nuls.count(0) >= PART_OF_NULS * len(nuls) and not others.count(0):
                return encoding
    return None
