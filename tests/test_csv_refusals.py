"""What is refused of a file of one's own: with its line, what it looks like, and the mend."""

import gzip
import io
import lzma
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import outcome

from rnnlab.data.csv_file import Csv, read_column

CSV = ["train", "tracking=off", "function=csv"]


def array_file(values):
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


def archive(*names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, "level\n1\n2\n")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "words", "parts"),
    [
        ("year,level\n2018,4.5\n2019,3,5\n", ["level"], ["line 3", "3 cells", "line 1 has 2", "as in 3,5"]),
        ("level\n3,5\n4,5\n", [], ["line 2", "2 cells", "a comma within a number"]),
        ("level\n1,000\n2,000\n", [], ["line 2", "2 cells", "no marks of thousands"]),
        ("a;b\n1;2\n3;x;4\n", ["a"], ["line 3", "3 cells", "holds ';' has to be quoted"]),
        ("a,b,c\n1,2,3\n4,5\n6,7,8\n", ["b"], ["line 3", "2 cells, and line 1 has 3", "cut off"]),
        ("a;b\n1;2\n3,4\n5;6\n", ["a"], ["line 3", "separated by ','", "that one by ';'"]),
        ("a,b\n1,2\n\n3,4\n", ["b"], ["line 3", "no value", "data.fill=linear"]),
        ("a,b\n1,2\n   \n3,4\n", ["b"], ["line 3", "no value", "data.fill=linear"]),
        ("a,b\n1,2\n,\n3,4\n", ["b"], ["line 3", "no value", "data.fill=linear"]),
        ("a,b\n1,2\n3,4\n,\n", ["b", "data.fill=linear"], ["line 4", "at an end"]),
        ('level\n1\n2\n""\n', [], ["line 4", "at an end"]),
        ("1_000\n2000\n3000\n", [], ["line 1", "'1_000' is no number", "write 1000"]),
        ("level\n12\n0x10\n", [], ["line 3", "'0x10' is no number", "it is 16"]),
        ("level\n12\n\uff11\uff12\n", [], ["line 3", "'\uff11\uff12' is no number", "write 12"]),
        ("level\n12\n\u22125\n", [], ["line 3", "is no number", "write -5"]),
        ("level\n1e999\n5\n6\n", [], ["line 2", "'1e999' is not finite"]),
        ("level\n5\n-Infinity\n6\n", [], ["line 3", "'-Infinity' is not finite"]),
        ("a;b\n1;1.234,5\n", ["b"], ["line 2", "'1.234,5' is no number", "marks of thousands"]),
        ('a,b\n1,"1,234.5"\n', ["b"], ["line 2", "'1,234.5' is no number", "marks of thousands"]),
        ("level\n1 2\n3 4\n", [], ["line 2", "'1 2' is no number", "not by ' '"]),
        ("level\n5\n.\n6\n", [], ["line 3", "'.' is no number", "data.missing=[.]"]),
        (".\n5\n6\n", [], ["line 1", "'.' is no number", "data.missing=[.]"]),
        ("level\n5\n#N/A\n6\n", [], ["line 3", """'data.missing=["#N/A"]'"""]),
        ("level\n5\n-9999\n6\n7\n", [], ["line 3", "-9999 lies far", "data.missing=[-9999]", "data.missing=[]"]),
        ("level\n5\n6\n99.9\n7\n", [], ["line 4", "99.9 lies far", "data.missing=[99.9]"]),
        ('a,b\n1,"x\n2,y\n3,z\n', ["a"], ["line 2", "a quote", "never closed"]),
        ('a,b\n1,"x\n2,y\n3,z"\n4,v\n', ["a"], ["line 2", "a quote", "look like rows of their own"]),
        ('a,b\n1,"x" y\n2,z\n', ["a"], ["line 2", "has to be doubled"]),
        ("2019,2020\n3.5,4.5\n3.6,4.6\n", ["2019"], ["line 1", "2019", "data.header=present"]),
        ("2019,2020\n3.5,4.5\n3.6,4.6\n", ["1"], ["line 1", "2019, 2020", "data.header=present"]),
        ("2019\n3.5\n3.6\n3.7\n", [], ["line 1", "2019", "data.header=present", "data.header=absent"]),
        ("0,1,2\n3.5,4.5,1\n3.6,4.6,2\n", ["2"], ["line 1", "data.header=present"]),
        ("2019,2020\n3.5,4.5\n", [], ["data.column=null", "2 columns", "data.header=present, if 2019, 2020 are"]),
        ("2019-01-01,missing\n2019-01-02,5\n2019-01-03,6\n", ["2"], ["line 1", "data.missing=[missing]"]),
        ("The Rhine at Basel\nday,level\n1,3.5\n2,3.6\n", ["level"], ["line 1", "title", "data.skip_lines=1"]),
        ("The Rhine at Basel\nday;level\n1;3.5\n2;3.6\n", ["2"], ["title", "data.skip_lines=1"]),
        ("Rhine, Basel, 2019\nlevels\nday,level\n1,3.5\n2,3.6\n", ["level"], ["titles", "data.skip_lines=2"]),
        ("# levels in m\nlevel\n3.5\n3.6\n", [], ["line 2", "'level' is no number", "data.skip_lines=1"]),
        ("sep=;\nday;level\n1;3.5\n2;3.6\n", ["2"], ["line 1 looks like a title", "data.skip_lines=1"]),
        (",0\n0,3.5\n1,4.5\n2,5.5\n", ["2"], ["line 1", "(0)", "data.header=present", "data.header=absent"]),
        (",0,1\n0,3.5,7\n1,4.5,8\n", ["3"], ["line 1", "(0, 1)", "data.header=present"]),
        ("0\n3.5\n3.6\n1.1\n", [], ["line 1", "(0)", "data.header=present"]),
        ("level\n5\n.\n6\n", ["data.missing=[x]"], ["line 3", "data.missing=[x,.]"]),
        ("level\n5\n-9999\n6\n7\n", ["data.missing=[.]"], ["-9999 lies far", "[.,-9999]", "data.missing=[.,none]"]),
        ("level\nNA\nNA\nNA\n", ["data.fill=linear"], ["line 2", "has no value, nor has any of the 3 rows"]),
        (f"day,level\n1,2\n{'9' * 140000},3\n", ["1"], ["line 3", "field limit"]),
        ('day,"level\nin m"\n1,2\n2,x\n', ["2"], ["line 4, column 2 (level\\nin m)"]),
        (";;\n;;\n", [], ["line 1", "empty"]),
        ("level\n3.5\n3.6\n", ["data.skip_lines=7"], ["line 8", "nothing is left below data.skip_lines"]),
        ("1\n2\n3\n", ["data.path=~$mine.csv"], ["data.path=~$mine.csv", "stands for no folder"]),
        ("1\n2\n3\n", ["data.missing=-9999"], ["data.missing=-9999", "list", "mean 'data.missing=[-9999]'?"]),
        ("1\n2\n3\n", ["data.missing=[null]"], ["data.missing=[null]", "list of texts"]),
        ("1\n2\n3\n", ["data.missing=[[1]]"], ["data.missing=[[1]]", "list of texts"]),
    ],
)
def test_a_row_or_a_first_line_that_is_not_plain_is_named_with_its_mend(content, words, parts, home, capsys):
    (home / "mine.csv").write_text(content, encoding="utf-8")
    named = [f"data.column={words[0]}"] if words and "=" not in words[0] else []
    code, message = outcome([*CSV, "data.path=mine.csv", *named, *words[len(named) :]], capsys)
    assert code == 2
    for part in parts:
        assert part in message
    assert [path.name for path in home.iterdir()] == ["mine.csv"]


@pytest.mark.parametrize(
    ("names", "content", "what"),
    [
        (("mine.csv", "mine-utf8.csv"), "level,m³\n1,2\n2,5\n".encode("latin-1"), "WINDOWS-1252"),
        (("mine.csv", "mine-utf8.csv"), "Zeit,Größe\n1,2\n2,5\n".encode("latin-1"), "WINDOWS-1252"),
        (("mine.csv", "mine-utf8.csv"), "时间,水位m\n1,2\n2,5\n".encode("gb18030"), "GB18030"),
        (("mine.csv", "mine-utf8.csv"), "水位高度,level\n1,2\n2,5\n".encode("gb18030"), "GB18030"),
        (("mine.csv", "mine-utf8.csv"), "day,level\n1,2\n2,5\n".encode("utf-16"), "UTF-16"),
        (("mine.csv", "mine-utf8.csv"), "day,level\n1,2\n2,5\n".encode("utf-16-le"), "UTF-16LE"),
        (("mine.csv", "mine-utf8.csv"), "day,level\n1,2\n2,5\n".encode("utf-16-be"), "UTF-16BE"),
        (("mine.csv.gz", "mine.csv"), gzip.compress(b"day,level\n1,2\n2,5\n"), "gzip"),
        (("my levels", "my levels-unpacked.csv"), gzip.compress(b"day,level\n1,2\n2,5\n"), "gzip"),
        (("mine.csv.xz", "mine.csv"), lzma.compress(b"day,level\n1,2\n2,5\n"), "xz"),
        (("mine.csv", "mine-lines.csv"), b"day,level\r\r\n1,2\r\r\n2,5\r\r\n", "doubled"),
        (("mine.npy", "mine-unpacked.csv"), array_file(np.array([[1.0, 2.0], [2.0, 5.0]])), "NumPy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_utf8_text_is_refused_with_the_command_that_makes_it_one(
    names, content, what, home, capsys
):
    name, made = names
    (home / name).write_bytes(content)
    code, message = outcome([*CSV, f"data.path={name}", "data.column=2"], capsys)
    assert code == 2
    assert what in message
    command = message.splitlines()[-1].strip()
    assert command.split()[0] in ("iconv", "gunzip", "xz", "tr", "python")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    if shutil.which(command.split()[0], path=path) is None:
        pytest.skip(f"there is no {command.split()[0]} here")
    subprocess.run(command, shell=True, check=True, cwd=home, timeout=60, env={**os.environ, "PATH": path})
    assert read_column(Csv(home / made, "2")).tolist() == [2, 5]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (archive("levels.csv"), "an archive (zip)"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "a workbook"),
        (b"PAR1\x15\x04\x15\x10PAR1", "a Parquet table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\nsize 12\n", "Git LFS"),
    ],
    ids=["zip", "xlsx", "parquet", "xls", "html", "lfs"],
)
def test_a_file_of_another_kind_is_called_by_its_name(content, what, home, capsys):
    (home / "mine.csv").write_bytes(content)
    code, message = outcome([*CSV, "data.path=mine.csv"], capsys)
    assert (code, what in message) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ["function=sin", "data.skip_lines=1"],
        ["function=sin", "data.missing=[-9999]"],
        ["function=sin", "data.fill=linear"],
        ["function=sin", "data.header=present"],
        ["function=csv", "data.path=mine.csv", "+function.fill=linear"],
    ],
    ids=" ".join,
)
def test_keys_that_would_change_nothing_are_refused(words, home, capsys):
    (home / "mine.csv").write_text("level\n1\n2\n3\n")
    code, message = outcome(["train", "tracking=off", *words], capsys)
    assert code == 2
    assert words[-1].lstrip("+") in message
