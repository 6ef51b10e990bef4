from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import private_files


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("umask")
def test_directories_and_files_are_the_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    where = tmp_path / "a" / "b" / "c"
    private_files.make_directory(where)
    os.close(private_files.open_new(where / "new"))
    os.close(private_files.overwrite(where / "log"))
    private_files.replace(where / "record", "x")

    assert [mode(each) for each in (where, where.parent, where.parent.parent)] == [0o700] * 3
    assert {each.name: mode(each) for each in where.iterdir()} == {"new": 0o600, "log": 0o600, "record": 0o600}
    private_files.make_directory(where)  # once more


def test_what_an_earlier_version_made_by_the_umask_is_tightened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "state_directory", lambda: tmp_path / "state")
    (tmp_path / "state" / "runs").mkdir(parents=True, mode=0o700)
    (tmp_path / "state").chmod(0o775)
    (tmp_path / "state" / "runs" / "log").touch(mode=0o644)

    private_files.make_directory(tmp_path / "state" / "runs")
    os.close(private_files.overwrite(tmp_path / "state" / "runs" / "log"))

    assert mode(tmp_path / "state") == 0o755
    assert mode(tmp_path / "state" / "runs" / "log") == 0o600


@pytest.mark.parametrize("rights", [0o770, 0o720, 0o702, 0o777, 0o1777])
def test_a_directory_that_others_can_write_in_is_refused(tmp_path: Path, rights: int) -> None:
    where = tmp_path / "shared"
    where.mkdir()
    where.chmod(rights)

    with pytest.raises(PermissionError, match="other users can write in it") as refused:
        private_files.make_directory(where)

    assert refused.value.filename == str(where)
    assert where.stat().st_mode & 0o7777 == rights


def test_a_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_files, "_USER", lambda: os.geteuid() + 1)

    with pytest.raises(PermissionError, match="it belongs to another user"):
        private_files.check_directory(tmp_path)


def test_a_link_of_another_user_to_a_directory_of_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns the link chooses the directory."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to("mine")
    private_files.make_directory(tmp_path / "link")
    lstat = Path.lstat

    class Theirs:
        st_uid = os.geteuid() + 1

    monkeypatch.setattr(Path, "lstat", lambda path: Theirs if path.name == "link" else lstat(path))
    with pytest.raises(PermissionError, match="it belongs to another user"):
        private_files.make_directory(tmp_path / "link")


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for where in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotADirectoryError):
            private_files.make_directory(where)


@pytest.mark.parametrize("there", [True, False], ids=["to-a-file", "to-nothing"])
def test_no_link_is_followed(tmp_path: Path, there: bool) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    if there:
        victim.write_text("precious")
    link.symlink_to(victim)

    for write in (private_files.open_new, private_files.overwrite):
        with pytest.raises(OSError, match=r"symbolic links|File exists"):
            write(link)
    private_files.replace(link, "new")

    assert victim.exists() is there
    assert not there or victim.read_text() == "precious"
    assert not link.is_symlink()
    assert link.read_text() == "new"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "record"
    private_files.replace(path, "before")

    with pytest.raises(UnicodeEncodeError):
        private_files.replace(path, "after \ud800")

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
