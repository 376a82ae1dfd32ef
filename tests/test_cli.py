import errno
import json
import os
import socket

import pytest

import softmoe_edu
from softmoe_edu import cli, lab, lessons


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The command lines that reach JupyterLab, from an empty folder and with one lesson to deliver."""
    calls = []
    source = tmp_path / "source"
    source.mkdir()
    for name in ("01_capacity.ipynb", "00_look.ipynb"):
        (source / name).write_text("a lesson")
    monkeypatch.setattr(lessons, "folder", lambda: source)
    monkeypatch.setattr(lab, "start", lambda arguments, config: calls.append((arguments, config)))
    monkeypatch.chdir(tmp_path)
    return calls


def refusal(capsys, *argv):
    """Return the error that the command prints when it exits."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(argv))
    assert ended.value.code not in (0, None)
    return f"{ended.value.code} {capsys.readouterr().err}"


def test_lab_delivers_and_opens_the_first_lesson(started, tmp_path, capsys):
    """Without arguments the lessons are in softmoe_lab and JupyterLab opens the first, on this machine only."""
    cli.main(["lab"])
    arguments, _ = started[0]

    assert (tmp_path / "softmoe_lab" / "00_look.ipynb").read_text() == "a lesson"
    assert "--LabApp.default_url=/lab/tree/00_look.ipynb" in arguments
    assert f"--ServerApp.root_dir={tmp_path / 'softmoe_lab'}" in arguments
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert not [word for word in arguments if "browser" in word or "port" in word or "token" in word]
    assert capsys.readouterr().out.startswith("2 lessons in ")


def test_lab_passes_port_and_browser_on(started):
    """A port that was asked for is the port or an error, never another one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cli.main(["lab", "mine", "--no-browser", "--port", str(port)])

    assert {"--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"} <= set(started[0][0])


def test_lab_stands_behind_a_proxy_where_it_is_asked_to(started):
    """Another address and a path are JupyterLab's own options; its token stays in force."""
    cli.main(["lab", "mine", "--ip", "0.0.0.0", "--base-url", "class/moe"])
    arguments = started[0][0]

    assert {"--ServerApp.ip=0.0.0.0", "--ServerApp.base_url=/class/moe/"} <= set(arguments)
    assert not [word for word in arguments if "token" in word or "password" in word or "allow_origin" in word]


def test_a_second_server_in_one_workspace_is_refused(started, tmp_path, capsys, monkeypatch):
    """The address of the first one is named; a server in another folder does not matter."""
    servers = [{"root_dir": str(tmp_path / "mine"), "url": "http://localhost:9/", "token": "abc"}]
    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: iter(servers))
    cli.main(["lab", "other"])
    assert len(started) == 1
    said = refusal(capsys, "lab", "mine")

    assert f"already runs in {tmp_path / 'mine'}, at http://localhost:9/?token=abc" in said
    assert "stop it there with Ctrl-C, or name another folder" in said
    assert len(started) == 1 and not (tmp_path / "mine").exists()


def test_deliver_copies_and_starts_nothing(started, tmp_path, capsys):
    """A hub or a teacher needs the files alone; a file in the way is refused."""
    cli.main(["deliver", str(tmp_path / "mine")])
    assert {path.name for path in (tmp_path / "mine").glob("*.ipynb")} == {"00_look.ipynb", "01_capacity.ipynb"}
    assert capsys.readouterr().out.startswith("2 lessons in ") and not started
    (tmp_path / "note").write_text("my file")

    assert "the workspace must be a folder, got the file" in refusal(capsys, "deliver", str(tmp_path / "note"))


def test_settings_lie_in_the_workspace(started, tmp_path):
    """The quiet settings are a file of the workspace that JupyterLab reads as defaults."""
    cli.main(["lab", "mine"])
    config = started[0][1]
    settings = json.loads((config / "labconfig" / "default_setting_overrides.json").read_bytes())

    assert config.is_relative_to(tmp_path / "mine" / ".softmoe")
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_a_file_is_no_workspace(started, tmp_path, capsys):
    """A file in place of the workspace is refused and left alone."""
    (tmp_path / "mine").write_text("my file")

    assert "the workspace must be a folder, got the file" in refusal(capsys, "lab", "mine")
    assert (tmp_path / "mine").read_text() == "my file"
    assert not started


def test_a_folder_that_cannot_be_written_is_refused(started, tmp_path, capsys):
    """A workspace below a file cannot be made, and the sentence names it and the reason."""
    (tmp_path / "mine").write_text("my file")

    said = refusal(capsys, "lab", os.path.join("mine", "lab"))
    assert "cannot write the lessons into" in said and "name a folder that you can write to" in said


def test_a_full_disk_is_told(started, capsys, monkeypatch):
    """A workspace without space is named with the reason, and JupyterLab is not started."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    said = refusal(capsys, "lab", "mine")
    assert "mine (No space left on device): free some space there" in said
    assert not started


@pytest.mark.slow
def test_a_file_in_the_way_of_a_library_is_named(started, tmp_path, capsys):
    """A learner's torch.py beside the lessons would be imported by them; other files of the learner's would not."""
    (tmp_path / "mine").mkdir()
    for name in ("random.py", "data.py", "my_router.py"):
        (tmp_path / "mine" / name).write_text("x = 1\n")
    cli.main(["lab", "mine"])
    assert len(started) == 1
    (tmp_path / "mine" / "torch.py").write_text("x = 1\n")

    said = f"{tmp_path / 'mine' / 'torch.py'} is imported in place of the package torch: rename it, and start again"
    assert said in refusal(capsys, "lab", "mine")
    assert len(started) == 1


def test_the_lessons_folder_is_no_workspace(started, tmp_path, capsys):
    """Nobody works in the folder that lessons are copied from."""
    assert "holds the lessons themselves" in refusal(capsys, "lab", "source")
    assert not (tmp_path / "source" / ".softmoe").exists()


@pytest.mark.parametrize("text", ["0", "65536", "eight", "-1", "²"])
def test_a_port_that_is_none_is_refused(started, capsys, text):
    """A port outside 1 to 65535 is answered with the range and what came."""
    assert f"expected a number from 1 to 65535, got {text!r}" in refusal(capsys, "lab", f"--port={text}")


def test_a_port_in_use_is_refused(started, capsys):
    """A port that another program listens on is refused before anything is written."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = refusal(capsys, "lab", "--port", str(other.getsockname()[1]))

    assert "cannot be used" in said and "choose another one" in said
    assert not started


def test_missing_jupyterlab_is_named(started, capsys, monkeypatch):
    """Without JupyterLab the command says how to install it."""
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)

    assert "needs JupyterLab, which is not installed: python -m pip install jupyterlab" in refusal(capsys, "lab")


def test_missing_lessons_are_named(started, capsys, monkeypatch, tmp_path):
    """An installation without lessons says where it looked."""
    monkeypatch.undo()
    monkeypatch.setattr(lessons, "PACKAGE", tmp_path / "nowhere")

    assert "no lessons found in" in refusal(capsys, "lab", str(tmp_path / "mine"))


def test_an_interrupt_ends_quietly(started, capsys, monkeypatch):
    """Ctrl-C before the server listens ends with the usual status and no traceback."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "start", interrupted)

    assert refusal(capsys, "lab").startswith("130")


def test_version_and_help(capsys):
    """The version is the package's; help names the command."""
    for option, expected in (
        ("--version", f"softmoe-edu {softmoe_edu.__version__}\n"),
        ("--help", "copy the lessons into a workspace"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main([option])

        assert ended.value.code == 0
        assert expected in capsys.readouterr().out


def test_no_command_is_an_error(capsys):
    """Without a command the usage line is shown."""
    assert "usage: softmoe-edu" in refusal(capsys)
