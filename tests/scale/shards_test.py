import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.document import DocumentError
from dts_ee.scale import file_rows, shards
from dts_ee.scale.file_rows import Segment
from dts_ee.scale.found_files import LINES, PARQUET, TEXTS, find_files
from dts_ee.scale.row_columns import JSON_LINE, SOURCE_FILE, SOURCE_ROW, RowColumns
from dts_ee.scale.shards import make_plan, rows_of_shard
from tests.scale.rows import write_lines


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


@pytest.mark.parametrize(
    ("pattern", "kind", "names"),
    [
        ("lines", LINES, ["a.json", "b.jsonl.gz", "c.jsonl.zst", "sub/d.ndjson"]),
        ("lines/sub", LINES, ["d.ndjson"]),
        ("lines/b.jsonl.gz", LINES, ["b.jsonl.gz"]),
        ("lines/other", LINES, ["other"]),
        ("mixed/**/*.txt", TEXTS, ["a.txt", "deep/er/b.txt"]),
        ("mixed/*.txt", TEXTS, ["a.txt"]),
        ("mixed/[cd].parquet", PARQUET, ["c.parquet"]),
        ("hive", PARQUET, ["lang=de/year=1/b.parquet", "lang=en/a.parquet"]),
    ],
)
def test_files_are_found(pattern, kind, names, tmp_path):
    touch(tmp_path / "lines", "a.json", "b.jsonl.gz", "c.jsonl.zst", "sub/d.ndjson", "other")
    touch(tmp_path / "lines", ".hidden.jsonl", "_SUCCESS", "_delta/e.jsonl", "readme.md")
    touch(tmp_path / "mixed", "a.txt", "deep/er/b.txt", "c.parquet", ".git/d.txt")
    touch(tmp_path / "hive", "lang=en/a.parquet", "lang=de/year=1/b.parquet")
    for prefix in ("", "file://"):
        found = find_files(f"{prefix}{tmp_path}/{pattern}")
        assert found.kind == kind
        assert [file.name for file in found.files] == names
    partitions = ["lang=de/year=1", "lang=en"] if pattern == "hive" else [""] * len(names)
    assert [file.partition for file in found.files] == partitions


def test_links_and_names(tmp_path):
    touch(tmp_path, "in/a.JSONL", "in/b\n.json.GZ", "other/c.jsonl")
    (tmp_path / "in" / "around").symlink_to("..")
    (tmp_path / "in" / "itself").symlink_to(".")
    (tmp_path / "in" / "other").symlink_to("../other")
    # Each is found once, also where links lead around in two ways.
    found = find_files(str(tmp_path / "in"))
    assert [file.name for file in found.files] == ["a.JSONL", "b\n.json.GZ", "other/c.jsonl"]
    (tmp_path / "in" / "d.jsonl").symlink_to("/nowhere")
    with pytest.raises(ConfigurationError, match="in/d.jsonl: this links to a file that does not"):
        find_files(str(tmp_path / "in"))
    touch(tmp_path, "latin/Zo\udceb.jsonl")
    with pytest.raises(ConfigurationError, match=r"/Zo\\udceb.jsonl': this name is not UTF-8: ren"):
        find_files(str(tmp_path / "latin"))


def test_what_is_no_input(tmp_path):
    touch(tmp_path, "mixed/a.txt", "mixed/b.parquet", "none/readme.md")
    for name, message in (
        ("missing", "missing: there is no such file or folder"),
        ("none", r"there are no \.txt, \.jsonl"),
        ("mixed/*.jsonl", "there are no such files"),
        ("mixed", r"there are \.txt and Parquet files: name those of one kind by a pattern"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            find_files(str(tmp_path / name))
    with pytest.raises(ConfigurationError, match="/dev/null: this is a pipe or a device"):
        find_files("/dev/null")
    with pytest.raises(ConfigurationError, match="nothing://a: "):
        find_files("nothing://a")


def test_small_files_are_put_together_and_large_ones_are_divided(tmp_path, monkeypatch):
    for name, number in (("a", 3), ("b", 1), ("c", 0), ("d", 9)):
        write_lines(tmp_path / f"{name}.jsonl", *map(str, range(number)))
    monkeypatch.setattr(shards, "_ROWS_OF_SHARD", (5, 5))
    plan = make_plan(str(tmp_path), RowColumns())
    assert [(shard.name, shard.segments) for shard in plan.shards] == [
        ("part-000000.parquet", (Segment(0, 0, 3), Segment(1, 0, 1), Segment(3, 0, 1))),
        ("part-000001.parquet", (Segment(3, 1, 6),)),
        ("part-000002.parquet", (Segment(3, 6, 9),)),
    ]
    assert plan.num_rows == 13
    read = plan.reader().read(plan.shards[0].segments)
    assert read.column(JSON_LINE).to_pylist() == [b"0", b"1", b"2", b"0", b"0"]
    assert read.column(SOURCE_FILE).to_pylist() == ["a.jsonl"] * 3 + ["b.jsonl", "d.jsonl"]
    assert read.column(SOURCE_ROW).to_pylist() == [1, 2, 3, 1, 1]


def test_a_shard_has_one_partition(tmp_path):
    for name in ("lang=de", "lang=en"):
        (tmp_path / name).mkdir()
        write_lines(tmp_path / name / "a.jsonl", "1")
        write_lines(tmp_path / name / "b.jsonl", "2")
    plan = make_plan(str(tmp_path), RowColumns())
    assert [(shard.name, len(shard.segments)) for shard in plan.shards] == [
        ("lang=de/part-000000.parquet", 2),
        ("lang=en/part-000001.parquet", 2),
    ]
    with pytest.raises(ConfigurationError, match="the output would have two columns 'lang'"):
        make_plan(str(tmp_path), RowColumns(keep=("lang",)))


def test_an_input_without_rows_has_one_shard(tmp_path):
    plan = make_plan(str(write_lines(tmp_path / "a.jsonl")), RowColumns())
    assert [shard.segments for shard in plan.shards] == [()]
    assert plan.reader().read(()).num_rows == 0


@pytest.mark.parametrize(
    ("num_rows", "expected"),
    [(0, 256), (262_144, 256), (262_145, 257), (10**6, 977), (10**8, 16384)],
)
def test_rows_of_a_shard(num_rows, expected):
    assert rows_of_shard(num_rows) == expected


CONTENT = b'{"a": 1}\n\n"Zo\xeb"\r\n{\n'


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_lines(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(file_rows, "_LINES_AT_A_TIME", 2)
    path = tmp_path / f"a.jsonl{suffix}"
    if suffix == ".zst":
        # Two frames, as `cat` makes them of two files.
        codec = pa.Codec("zstd")
        frames = [codec.compress(part, asbytes=True) for part in (CONTENT[:4], CONTENT[4:])]
        path.write_bytes(b"".join(frames))
    else:
        path.write_bytes(gzip.compress(CONTENT) if suffix else CONTENT)
    plan = make_plan(str(path), RowColumns())
    assert plan.num_rows == 3
    reader = plan.reader()
    # In any order, with the numbers of the lines.
    for first, last, numbers in ((1, 3, [3, 4]), (0, 1, [1]), (1, 2, [3]), (2, 3, [4])):
        table = reader.read([Segment(0, first, last)])
        assert table.column(SOURCE_ROW).to_pylist() == numbers
    assert table.column(JSON_LINE).to_pylist() == [b"{"]
    assert reader.read([Segment(0, 1, 2)]).column(JSON_LINE).to_pylist() == [b'"Zo\xeb"']
    path.write_bytes(path.read_bytes()[:3])
    with pytest.raises(DocumentError, match=f"file a.jsonl{suffix}: "):
        plan.reader().read([Segment(0, 0, 3)])


def test_a_list_is_no_json_lines(tmp_path):
    path = write_lines(tmp_path / "a.json", ["Ada", "left"], ["Bo"])
    assert make_plan(str(path), RowColumns()).num_rows == 2
    path = write_lines(tmp_path / "a.json", "[", {"text": "a"}, "]")
    with pytest.raises(DocumentError, match="file a.json: this is one JSON list"):
        make_plan(str(path), RowColumns())


def test_tables(tmp_path):
    table = pa.table({"other": range(10), "body": [str(i) for i in range(10)]})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=4)
    columns = RowColumns("body", keep=("other",))
    plan = make_plan(str(path), columns)
    assert plan.schema.names == [SOURCE_FILE, SOURCE_ROW, "body", "other"]
    reader = plan.reader()
    for first, last in ((0, 2), (5, 10), (3, 9), (9, 10), (0, 10)):
        read = reader.read([Segment(0, first, last)])
        assert read.column("other").to_pylist() == list(range(first, last))
        assert read.column(SOURCE_ROW).to_pylist() == list(range(first + 1, last + 1))
    pq.write_table(table, tmp_path / "0.parquet")
    for columns, message in (
        (RowColumns("nothing"), "file 0.parquet: there is no column 'nothing', but other, body"),
        (RowColumns("body", "id"), "file 0.parquet: there is no column 'id', but other, body"),
    ):
        with pytest.raises(DocumentError, match=message):
            make_plan(str(tmp_path), columns)
    pq.write_table(table, path)
    damaged = bytearray(path.read_bytes())
    damaged[8:60] = bytes(52)
    path.write_bytes(damaged)
    columns = RowColumns("body", keep=("other",))
    with pytest.raises(DocumentError, match="file a.parquet: cannot be read: "):
        make_plan(str(path), columns).reader().read([Segment(0, 0, 4)])
    path.write_bytes(b"PAR")
    with pytest.raises(DocumentError, match="file a.parquet: this is no Parquet file"):
        make_plan(str(path), RowColumns())


def test_tables_whose_types_differ(tmp_path):
    """As other programs write them: null for a column without values, floats for lost integers."""

    def write(name, bodies, keys, **types):
        schema = pa.schema(list(types.items()))
        pq.write_table(pa.table([bodies, keys], schema), tmp_path / name)

    columns = RowColumns("body", keep=("key",))
    write("a.parquet", ["a"], [None], body=pa.string(), key=pa.null())
    write("b.parquet", ["b"], [1.0], body=pa.large_string(), key=pa.float64())
    write("c.parquet", [None], [2], body=pa.null(), key=pa.int8())
    plan = make_plan(str(tmp_path), columns)
    assert plan.schema.field("key").type == pa.float64()
    rows = plan.reader().read(plan.shards[0].segments).to_pylist()
    assert [(row["body"], row["key"]) for row in rows] == [("a", None), ("b", 1.0), (None, 2.0)]
    # Nothing is rounded.
    write("c.parquet", ["c"], [2**53 + 1], body=pa.string(), key=pa.int64())
    plan = make_plan(str(tmp_path), columns)
    with pytest.raises(DocumentError, match="file c.parquet: cannot be read: Integer value 900719"):
        plan.reader().read(plan.shards[0].segments)
    write("d.parquet", ["d"], ["2"], body=pa.string(), key=pa.string())
    message = "file d.parquet, field key: its type is string, but double in a.parquet"
    with pytest.raises(DocumentError, match=message):
        make_plan(str(tmp_path), columns)
    write("d.parquet", [b"d"], [2], body=pa.binary(), key=pa.int64())
    with pytest.raises(DocumentError, match="d.parquet, field body: its type is binary, not str"):
        make_plan(str(tmp_path), columns)
    pq.write_table(pa.table({"body": ["d"], "key": [2], "entities": [[]]}), tmp_path / "d.parquet")
    message = "of it, the columns body, entities, key would be read, but of a.parquet body, key"
    with pytest.raises(DocumentError, match=message):
        make_plan(str(tmp_path), columns)
    twice = pa.Table.from_arrays([pa.array(["d"]), pa.array(["e"])], ["body", "body"])
    pq.write_table(twice, tmp_path / "d.parquet")
    with pytest.raises(DocumentError, match="file d.parquet: there are 2 columns 'body'"):
        make_plan(str(tmp_path), RowColumns("body"))


def test_files_that_are_no_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    frame = bytes(pa.Codec("zstd").compress(b'"a"\n"b"\n', asbytes=True))
    skipped = b"\x50\x2a\x4d\x18\x01\0\0\0-"
    for content in (frame, skipped + frame):
        path.write_bytes(content)
        assert make_plan(str(path), RowColumns()).num_rows == 2
    (tmp_path / "b.jsonl.zst").write_bytes(b'"a"\n')
    assert make_plan(str(tmp_path / "b.jsonl.zst"), RowColumns()).num_rows == 1
    # A window of 2 GiB, as `zstd --long=31` has, and one block that is not compressed.
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00\xa8" + bytes([4 << 3 | 1, 0, 0]) + b'"a"\n')
    with pytest.raises(DocumentError, match="file a.jsonl: its zstd window is larger than 128 MiB"):
        make_plan(str(path), RowColumns())
    path.write_bytes('"a"\n'.encode("utf-16"))
    with pytest.raises(DocumentError, match="file a.jsonl: this is UTF-16: save it as UTF-8"):
        make_plan(str(path), RowColumns())


def test_texts(tmp_path):
    (tmp_path / "a.txt").write_text("\ufeffNobody came.", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"Zo\xeb")
    plan = make_plan(str(tmp_path), RowColumns())
    (tmp_path / "b.txt").write_bytes(b"Zo\xeb")
    rows = plan.reader().read(plan.shards[0].segments).to_pylist()
    assert [row["text"] for row in rows] == ["Nobody came.", None]
    assert rows[1]["read_error"] == "byte 2 is not UTF-8 (unexpected end of data)"
    with pytest.raises(DocumentError, match=r"\.txt files have no column 'id'"):
        make_plan(str(tmp_path), RowColumns(id="id"))


def test_the_checksum_is_of_the_files_and_shards(tmp_path, monkeypatch):
    path = write_lines(tmp_path / "a.jsonl", "1", "2")
    checksums = {make_plan(str(tmp_path), RowColumns()).checksum for _ in range(2)}
    write_lines(path, "1", "\n")
    checksums.add(make_plan(str(tmp_path), RowColumns()).checksum)
    path.rename(tmp_path / "b.jsonl")
    checksums.add(make_plan(str(tmp_path), RowColumns()).checksum)
    assert len(checksums) == 3
    write_lines(tmp_path / "b.jsonl", "1", "2")
    checksums.add(make_plan(str(tmp_path), RowColumns()).checksum)
    monkeypatch.setattr(shards, "_ROWS_OF_SHARD", (1, 1))
    assert make_plan(str(tmp_path), RowColumns()).checksum not in checksums


def test_identifiers_are_unique(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_ROWS_OF_SHARD", (2, 2))
    values = [{"id": 1}, {"id": "2"}, "{", {}, {}, {"id": None}]
    write_lines(tmp_path / "a.jsonl", *values)
    make_plan(str(tmp_path), RowColumns(id="id")).check_ids()
    write_lines(tmp_path / "b.jsonl", {"id": 3}, {"id": "1"})
    message = "file b.jsonl, document row 2: the identifier '1' is that of row 1 of a.jsonl too"
    with pytest.raises(DocumentError, match=message):
        make_plan(str(tmp_path), RowColumns(id="id")).check_ids()
    make_plan(str(tmp_path), RowColumns()).check_ids()
    # Equal hashes are no equal identifiers.
    monkeypatch.setattr("dts_ee.scale.unique_ids._hash", lambda value: 5)
    make_plan(str(tmp_path / "a.jsonl"), RowColumns(id="id")).check_ids()
    with pytest.raises(DocumentError, match=message):
        make_plan(str(tmp_path), RowColumns(id="id")).check_ids()


def test_identifiers_of_tables(tmp_path):
    table = pa.table({"text": ["a"] * 4, "key": [1, None, None, 2]})
    pq.write_table(table, tmp_path / "a.parquet")
    make_plan(str(tmp_path), RowColumns(id="key")).check_ids()
    pq.write_table(table.slice(3), tmp_path / "b.parquet")
    with pytest.raises(DocumentError, match="row 1: the identifier '2' is that of row 4 of a.parq"):
        make_plan(str(tmp_path), RowColumns(id="key")).check_ids()
    # Days that Python's dates do not have.
    days = pa.array([1, 10**7], pa.date32())
    pq.write_table(pa.table({"text": ["a", "b"], "key": days}), tmp_path / "c.parquet")
    message = "file c.parquet, field key: an identifier from row 1 on cannot be read: date value"
    with pytest.raises(DocumentError, match=message):
        make_plan(str(tmp_path / "c.parquet"), RowColumns(id="key")).check_ids()
