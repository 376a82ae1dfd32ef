"""The settings of a class: what is read, what is refused, and that writing and reading agree."""

from dataclasses import replace

import pytest

from softmoe_edu.hub.classroom import Classroom, names, read, written

CLASS = Classroom(teachers=("tina",), students=("ada", "@moe_2026", "ben"))


def test_what_is_written_is_read_back(tmp_path):
    """Every setting comes back as it was, also with a quote and a backslash in a path, and twice the same text."""
    changed = replace(CLASS, port=8443, certificate='/a "b"/c\\d.pem', key="/k", memory="1.5G", cpus=3, idle=7)
    path = tmp_path / "class.toml"
    path.write_text(written(changed), encoding="utf-8")

    assert read(path) == changed
    assert written(read(path)) == written(changed)


def test_students_are_accounts_groups_or_everybody():
    """Names are accounts, @ stands before a group, and * is everybody; memory is counted in bytes."""
    assert CLASS.accounts == ("ada", "ben") and CLASS.groups == ("moe_2026",) and not CLASS.everybody
    assert replace(CLASS, students=("*",)).everybody
    assert replace(CLASS, memory="1.5G").memory_bytes == 3 << 29


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("teachers", (), "a class needs a teacher"),
        ("students", (), "a class needs students"),
        ("students", ("Ada Lovelace",), "'Ada Lovelace' cannot be an account"),
        ("students", ("../ada",), "cannot be an account"),
        ("students", ("ada", "tina"), "tina is both a teacher and a student"),
        ("students", "ada", "students must be a list of names, got 'ada'"),
        ("teachers", (7,), "teachers must be a list of names"),
        ("port", 65534, "port must be a number from 1 to 65533"),
        ("port", "8000", "port must be a whole number, got '8000'"),
        ("memory", "2 gigabytes", "memory must be a number and K, M, G or T"),
        ("memory", "512M", "memory must be at least 1G"),
        ("cpus", 0, "cpus must be at least 1, got 0"),
        ("processes", 64, "processes must be at least 128, got 64"),
        ("certificate", "/a.pem", "a certificate needs its key"),
    ],
)
def test_a_setting_that_is_none_is_refused(setting, value, words):
    """The sentence names the setting, what was expected and what came."""
    with pytest.raises(ValueError) as refused:
        replace(CLASS, **{setting: value})

    assert words in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """The error names the file when a line is not TOML, and when a setting is unknown."""
    path = tmp_path / "class.toml"
    for text, words in (
        ("port = = 1", "class.toml cannot be read"),
        ("ports = 1", "has an unknown setting, ports; the settings are certificate"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=words):
            read(path)


def test_names_come_from_words_lists_and_rosters(tmp_path):
    """A word is a name, or several with commas; a file has one in each line; a roster has a column of ids."""
    (tmp_path / "list.txt").write_text("ada\n# not yet: eve\n\n ben \n")
    (tmp_path / "roster.csv").write_text("name,id\nCleo Patra,cleo\nDan Smith,dan\n")
    words = ["tom,uma", str(tmp_path / "list.txt"), str(tmp_path / "roster.csv"), "@group", "ada"]

    assert names(words) == ("tom", "uma", "ada", "ben", "cleo", "dan", "@group")
    (tmp_path / "empty.txt").write_text("# nobody\n")
    with pytest.raises(ValueError, match="has no names in it"):
        names([str(tmp_path / "empty.txt")])
    with pytest.raises(FileNotFoundError):
        names([str(tmp_path / "gone.csv")])
