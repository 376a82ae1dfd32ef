import email
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import venv
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import softmoe_edu
from softmoe_edu.lab import SETTINGS
from softmoe_edu.teaching.discovery import cards, clinics, exercises, lessons, questions

CHECKOUT = Path(__file__).resolve().parents[1]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
USE = """
import importlib, json, pathlib, pkgutil, sys
import torch, softmoe_edu
from softmoe_edu import Experts, MoE, SoftRouter
package = pathlib.Path(softmoe_edu.__file__).parent
assert package.is_relative_to(sys.prefix), package
assert (package / "py.typed").is_file(), "type checkers would not read the annotations"
for module in pkgutil.walk_packages(softmoe_edu.__path__, "softmoe_edu."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        # of extras, which are no dependencies
        if error.name.partition(".")[0] not in ("jupyterhub", "nbgrader", "otter", "transformers"):
            raise
from softmoe_edu.lab import SETTINGS
from softmoe_edu.teaching.discovery import cards, clinics, exercises, lessons, questions
known = [list(each()) for each in (cards, clinics, exercises, lessons, questions)]
assert known == json.loads(sys.argv[1]), known
y = MoE(SoftRouter(8, 4), Experts(8, 4, 16))(torch.ones(2, 5, 8))
print(tuple(y.shape), *sorted(path.name for path in (package / "widgets" / "static").iterdir()))
"""

pytestmark = pytest.mark.wheel


def run(*command, cwd):
    """Run a command that must succeed, without this process's Python settings, and give its output."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def closure(requirements):
    """The installed distributions that these requirements ask for, directly or through one another."""
    found, waiting = {}, [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        known = found.setdefault(canonicalize_name(wanted.name), set())
        for extra in {"", *wanted.extras} - known:
            known.add(extra)
            for text in distribution(wanted.name).requires or ():
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    needed.marker = None
                    waiting.append(needed)
    return [distribution(name) for name in found]


def link(one, site, scripts):
    """Put the files of an installed distribution into another environment without copying them."""
    made = set()
    for file in one.files:
        source, target = one.locate_file(file), Path(os.path.normpath(site / file))
        # A script names the Python that it was installed for.
        if target.parent == scripts or not os.path.isfile(source):
            continue
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        try:
            os.link(source, target)
        except OSError:
            target.symlink_to(source)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with a source distribution and the wheel that is built from it, as a release has them.

    They are built with what the environment of the tests has, so that nothing is downloaded.
    """
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def index(built, tmp_path_factory):
    """The address of an index that offers these two, as PyPI would."""
    root = tmp_path_factory.mktemp("index")
    project = root / "simple" / "softmoe-edu"
    project.mkdir(parents=True)
    links = []
    for path in built.iterdir():
        shutil.copy(path, project)
        links.append(
            f'<a href="{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">{path.name}</a><br>'
        )
    (project / "index.html").write_text("<!DOCTYPE html><html><body>" + "\n".join(links))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each."""

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def installed(index, tmp_path_factory):
    """The bin folder of an environment that holds the package, what its metadata asks for, and nothing else.

    The package comes from the index. What a fresh `pip install` would download and unpack besides, in minutes, is
    linked from the environment of the tests.
    """
    folder = tmp_path_factory.mktemp("wheel")
    venv.create(folder / "env", symlinks=os.name != "nt")
    scripts = folder / "env" / SCRIPTS
    pip = (sys.executable, "-m", "pip", "--isolated", "--python", scripts / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--index-url", index, "softmoe-edu", cwd=folder)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(scripts / "python", "-c", where, cwd=folder).strip())
    (package,) = distributions(name="softmoe-edu", path=[str(site)])
    for one in closure(package.requires):
        link(one, site, scripts)
    run(*pip, "check", cwd=folder)
    return scripts


@pytest.fixture
def unused_port():
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_installed_package_works(installed, tmp_path):
    """Away from the checkout all modules are there, the course is whole, a layer computes, and widgets have scripts."""
    course = json.dumps([list(each()) for each in (cards, clinics, exercises, lessons, questions)])
    shape, *files = re.findall(r"\(.*\)|\S+", run(installed / "python", "-c", USE, course, cwd=tmp_path))
    static = CHECKOUT / "softmoe_edu" / "widgets" / "static"

    assert shape == "(2, 5, 8)"
    assert files == sorted(path.name for path in static.iterdir())
    assert files


def test_what_was_installed_delivers_the_lessons(installed, tmp_path):
    """Away from the checkout the command has the version of the build, and copies every lesson."""
    version = run(installed / "softmoe-edu", "--version", cwd=tmp_path).strip()
    run(installed / "softmoe-edu", "deliver", "mine", cwd=tmp_path)
    delivered = {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*.ipynb")}

    # Where the package is installed, wherever from, extras are asked for by its name.
    pip = (sys.executable, "-m", "pip", "--isolated", "--python", installed / "python")
    asked = run(*pip, "install", "--dry-run", "--no-index", "--no-deps", "softmoe-edu[graders]", cwd=tmp_path)

    assert asked.startswith("Requirement already satisfied: softmoe-edu[graders]")
    assert version == f"softmoe-edu {softmoe_edu.__version__}"
    assert delivered == {path.name: path.read_bytes() for path in (CHECKOUT / "notebooks").glob("*.ipynb")}
    assert delivered


def test_the_distributions_can_be_published(built):
    """twine finds nothing wrong with the metadata and the description; they are of one version, with the licence."""
    wheel, sdist = sorted(built.iterdir(), key=lambda path: path.suffix, reverse=True)
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist, cwd=built)
    with zipfile.ZipFile(wheel) as files:
        (name,) = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(files.read(name))
        licence = files.read(name.replace("METADATA", "licenses/LICENSE"))

    assert wheel.name == f"softmoe_edu-{softmoe_edu.__version__}-py3-none-any.whl"
    assert sdist.name == f"softmoe_edu-{softmoe_edu.__version__}.tar.gz"
    assert metadata["License-Expression"] == "MIT" and licence == (CHECKOUT / "LICENSE").read_bytes()
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload(decode=True).decode() == (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_source_distribution_is_whole(built, tmp_path):
    """A wheel built from it is that of the checkout, file by file, and does not tell where it was built."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, CHECKOUT, cwd=tmp_path)
    (own,), (other,) = tmp_path.glob("*.whl"), built.glob("*.whl")
    with zipfile.ZipFile(own) as mine, zipfile.ZipFile(other) as theirs:
        content, other_content = ({name: each.read(name) for name in each.namelist()} for each in (mine, theirs))

    assert content == other_content
    assert [name for name, data in content.items() if str(CHECKOUT).encode() in data] == []
    assert {"softmoe_edu/py.typed", "softmoe_edu/lessons/00_look_inside.ipynb"} < content.keys()


def test_the_extension_lies_where_jupyterlab_looks(installed):
    """It is the one of the checkout, under the name by which it is served."""
    source, target = CHECKOUT / "js" / "labextensions", installed.parent / "share" / "jupyter" / "labextensions"
    files = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]

    assert sorted(map(str, files)) == sorted(
        str(path.relative_to(target)) for path in (target / "softmoe-edu").rglob("*") if path.is_file()
    )
    assert all((target / file).read_bytes() == (source / file).read_bytes() for file in files)


def test_every_jupyterlab_of_the_environment_is_quiet(installed, tmp_path):
    """The defaults lie where any server reads them, as on a hub, which starts none through our command."""
    read = (
        "import json; from jupyterlab.commands import get_app_dir; from pathlib import Path; "
        "from jupyterlab_server.settings_utils import _get_overrides; "
        "print(json.dumps(_get_overrides(str(Path(get_app_dir()) / 'settings'))))"
    )
    overrides, error = json.loads(run(installed / "python", "-c", read, cwd=tmp_path))

    assert error == ""
    assert overrides == SETTINGS


def test_lab_serves_the_first_lesson(installed, tmp_path, unused_port):
    """`softmoe-edu lab` delivers the lessons of the wheel and serves the first one to who has the token."""
    log = tmp_path / "server.log"
    command = [str(installed / "softmoe-edu"), "lab", "lessons", "--no-browser", "--port", str(unused_port)]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"JUPYTER_TOKEN": "secret"}
    address = f"http://127.0.0.1:{unused_port}/api/contents/00_look_inside.ipynb"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        model = fetch(server, f"{address}?token=secret", log)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address, timeout=10)
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(30)
    lesson = json.loads((CHECKOUT / "notebooks" / "00_look_inside.ipynb").read_bytes())

    assert [cell["source"] for cell in model["content"]["cells"]] == ["".join(c["source"]) for c in lesson["cells"]]
    assert sorted(path.name for path in (tmp_path / "lessons").glob("*")) == sorted(
        [".softmoe", *(path.name for path in (CHECKOUT / "notebooks").glob("*.ipynb"))]
    )
    assert status == 0, log.read_text()[-2000:]


def fetch(server, address, log):
    """Read JSON from a server that is starting."""
    deadline = time.monotonic() + 90
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not answer; its log ends:\n{log.read_text()[-2000:]}")
