import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nswatch.errors import InvalidDocument
from nswatch_cli import document
from nswatch_cli.document import load, parse, render


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "f.yaml: is empty; write a mapping, 'key: value'", id="empty"),
        pytest.param("# only a comment\n", "f.yaml: is empty; write a mapping, 'key: value'", id="comment-only"),
        pytest.param("- a\n", "f.yaml:1: is a list, not a mapping; write 'key: value' at the top", id="list"),
        pytest.param(
            "a: 1\nb: [1, 2\nc: 3\n",
            "f.yaml:3: is not YAML: expected ',' or ']', but got ':'; mend the syntax there or just above",
            id="syntax",
        ),
        pytest.param(
            "a: 1\n\tb: 2\n",
            "f.yaml:2: is not YAML: found character '\\t' that cannot start any token; "
            "mend the syntax there or just above",
            id="tab",
        ),
        pytest.param(
            "a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4: b.c: is given twice, first in line 3; keep one of them", id="twice"
        ),
        pytest.param(
            "a: 1\n---\nb: 2\n",
            "f.yaml:2: is not YAML: but found another document; mend the syntax there or just above",
            id="two-documents",
        ),
        pytest.param(
            "a: *nowhere\n",
            "f.yaml:1: is not YAML: found undefined alias 'nowhere'; mend the syntax there or just above",
            id="undefined-alias",
        ),
        pytest.param("a: x\nb: \x07\n", "f.yaml:2: holds a control character; remove it", id="control-character"),
        pytest.param(
            "a: &x [*x]\n", "f.yaml:1: a[0]: repeats itself by aliases without end; write it out", id="cyclic-alias"
        ),
        pytest.param("1: a\n", 'f.yaml:1: ["1"]: is a key that is not text; put it in quotes', id="number-as-key"),
        pytest.param(
            "? [a, b]\n: c\n", "f.yaml:1: has a key that is a list or a mapping; write a text as the key", id="list-key"
        ),
        pytest.param(
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            'f.yaml:3: c["<<"]: is a merge key, which YAML 1.2 does not have; write the keys out',
            id="merge-key",
        ),
        pytest.param("[" * 1000, "f.yaml: is nested too deeply; write it flatter", id="deep"),
    ],
)
def test_parse_raises_with_line_when_yaml_is_bad(text, message):
    with pytest.raises(InvalidDocument) as caught:
        parse(text, "f.yaml")
    assert [str(problem) for problem in caught.value.problems] == [message]
    assert str(caught.value) == message


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!binary", "!!set", "!mine"])
def test_parse_refuses_a_value_when_it_has_a_tag(tag):
    with pytest.raises(InvalidDocument, match=r"f\.yaml:2: b: has the tag"):
        parse(f"a: 1\nb: {tag} x\n", "f.yaml")


def test_parse_tells_every_problem_when_several_keys_are_given_twice():
    with pytest.raises(InvalidDocument) as caught:
        parse("a: 1\na: 2\nb: 1\nb: 2\n", "f.yaml")
    assert [str(problem).split(":")[1] for problem in caught.value.problems] == ["2", "4"]


def test_parse_refuses_an_alias_bomb_when_it_would_grow_without_bound():
    text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    text += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(InvalidDocument, match="repeats itself by aliases"):
        parse(text, "f.yaml")


def test_parse_accepts_an_alias_when_it_repeats_a_little():
    assert parse("a: &x [1.1.1.1]\nb: *x\n", "f.yaml").data == {"a": ["1.1.1.1"], "b": ["1.1.1.1"]}


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        pytest.param("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", id="time-is-text"),
        pytest.param("2026-12-01", "2026-12-01", id="date-is-text"),
        pytest.param("1.1.1.1", "1.1.1.1", id="address"),
        pytest.param("no", "no", id="no-is-text-in-yaml-1.2"),
        pytest.param("True", True, id="true"),
        pytest.param("~", None, id="null"),
        pytest.param("12e4567", "12e4567", id="fingerprint-like-a-float"),
        pytest.param("012", "012", id="leading-zero"),
        pytest.param("0x1F", "0x1F", id="hexadecimal"),
        pytest.param("9" * 5000, "9" * 5000, id="huge-number"),
        pytest.param("-5", -5, id="integer"),
        pytest.param("1.5", 1.5, id="decimal"),
        pytest.param(".nan", ".nan", id="nan"),
        pytest.param("'60'", "60", id="quoted-number"),
    ],
)
def test_parse_reads_a_scalar_as_people_mean_it_when_yaml_would_convert(scalar, value):
    assert parse(f"a: {scalar}\n", "f.yaml").data == {"a": value}


def test_parse_knows_the_line_of_every_key_and_item_when_blocks_and_flows_mix():
    read = parse("a:\n  b: 1\n  c:\n  - x\n  - {d: 2,\n     e: 3}\n", "f.yaml")
    assert {render(path): line for path, line in read.lines.items()} == {
        "": 1,
        "a": 1,
        "a.b": 2,
        "a.c": 3,
        "a.c[0]": 4,
        "a.c[1]": 5,
        "a.c[1].d": 5,
        "a.c[1].e": 6,
    }
    assert read.line(("a", "b", "missing", 3)) == 2
    assert read.below("a").problem(("c", 0), "x", "y").path == ("a", "c", 0)


def test_load_raises_when_there_is_no_file(tmp_path):
    path = tmp_path / "none.yaml"
    with pytest.raises(InvalidDocument) as caught:
        load(path)
    assert str(caught.value) == f"{path}: cannot be read: No such file or directory; give the path of a YAML file"


def test_load_raises_when_the_path_is_a_directory(tmp_path):
    with pytest.raises(InvalidDocument, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_load_names_the_line_when_a_file_is_not_utf8(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(InvalidDocument, match=r"latin\.yaml:2: is not UTF-8 text; save the file as UTF-8"):
        load(path)


def test_load_raises_when_a_file_is_larger_than_5_mib(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * document.MAX_OCTETS)
    with pytest.raises(InvalidDocument, match="is larger than 5 MiB"):
        load(path)


def test_load_reads_a_file_when_it_begins_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert load(path).data == {"a": 1}


@given(st.text(max_size=60))
def test_parse_gives_data_or_one_kind_of_error_when_text_is_anything(text):
    try:
        assert isinstance(parse(text, "f.yaml").data, dict)
    except InvalidDocument as error:
        assert error.problems  # noqa: PT017 - either way out is right


def test_parse_agrees_with_a_safe_yaml_loader_when_data_are_plain():
    text = "a: [1, x, {b: 'c d', e: [true, ~]}]\nf: |\n  line\n  line\ng: >-\n  folded\n  text\n"
    assert parse(text, "f.yaml").data == YAML(typ="safe", pure=True).load(text)
