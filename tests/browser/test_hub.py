"""A class hub as a class meets it: a real JupyterHub with its proxy, two students and a teacher, each an account.

It needs root, or sudo without a password, to make the accounts, which are removed at the end.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace

import nbformat
import pytest
from explorerkit import box, explorer
from graders.course import NAME, cell, small_lesson
from kernelkit import fill, ready, run_cell
from labkit import skip_unless_ci, take_screenshot, watch
from playwright.sync_api import Browser, Page, expect

from benchmarks import class_hub
from benchmarks.class_hub import Hub, home
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.exports.nbgrader import assignment

pytestmark = [pytest.mark.browser, pytest.mark.grader]

LESSON = "05_soft_moe_by_hand.ipynb"
BLANK = ("", "", "", "")
IDS = ("dispatch-weights", "expert-capacity")


@dataclass(frozen=True)
class Class:
    """A hub, its people by role, and the page of each."""

    hub: Hub
    tina: str
    ada: str
    ben: str
    pages: dict[str, Page]

    def put(self, name: str, path: str, notebook: nbformat.NotebookNode) -> None:
        """Write a notebook into somebody's workspace, as they themselves."""
        self.hub.run(name, f"mkdir -p $(dirname {path}) && cat > {path}", given=nbformat.writes(notebook))

    def read(self, name: str, path: str) -> str:
        """Read a file of somebody's workspace, as they themselves."""
        return self.hub.run(name, f"cat {path}")


def enter(page: Page, hub: Hub, name: str, place: str) -> None:
    """Sign in, on the way to a place of one's own server."""
    page.goto(f"{hub.base}/hub/user-redirect/{place}")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(hub.passwords[name])
    page.get_by_role("button", name="Sign in").click(no_wait_after=True)


@pytest.fixture(scope="module")
def school(browser: Browser, browser_context_args: dict) -> Iterator[Class]:
    """A hub with everybody signed in: the students look at a lesson, the teacher at the grader's page."""
    if reason := class_hub.why_not():
        skip_unless_ci(reason)
    with ExitStack() as stack:
        # What tests ask of JupyterLab; nothing else about the hub is theirs.
        exposed = {"settings/student/jupyter_lab_config.json": '{"LabApp": {"expose_app_in_browser": true}}'}
        hub = stack.enter_context(class_hub.running(1, 2, files=exposed, memory="2G", cpus=1, processes=300))
        (tina,), (ada, ben) = hub.teachers, hub.students
        pages = {}
        # All sign in before the first server runs, as a class does.
        for name, place in ((ada, f"lab/tree/{LESSON}"), (ben, f"lab/tree/{LESSON}"), (tina, "formgrader")):
            page = stack.enter_context(browser.new_context(**browser_context_args)).new_page()
            page.server, page.faults = SimpleNamespace(tell=hub.logged), watch(page)
            enter(page, hub, name, place)
            pages[name] = page
        for name in (ada, ben):
            expect(pages[name].locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible()
            ready(pages[name])
        yield Class(hub, tina, ada, ben, pages)


def test_a_student_signs_in_to_a_lesson_of_their_own_without_a_prompt(school: Class) -> None:
    """Lesson 05 lies in the student's own workspace, and no dialog, news or request to elsewhere comes with it."""
    page = school.pages[school.ada]

    assert page.url.startswith(f"{school.hub.base}/user/{school.ada}/lab/") and page.url.endswith(LESSON)
    assert run_cell(page, 1, "import os; print(os.getcwd(), os.environ['USER'])") == (
        f"{home(school.ada)}/softmoe_lab {school.ada}"
    )
    take_screenshot(page, "hub-lesson")
    expect(page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)
    expect(page.get_by_text("Formgrader", exact=True)).to_have_count(0)
    assert page.faults == []


def test_a_widget_answers_behind_the_prefix(school: Class) -> None:
    """A number that is set in an explorer reaches Python, and one that Python sets reaches the page."""
    page = school.pages[school.ada]
    fill(page, *BLANK)
    run_cell(page, 2, "from softmoe_edu.widgets import CapacityExplorer\nc = CapacityExplorer(4, tokens=12)\nc")
    shown = explorer(page, "capacity")
    box(shown, "capacity_factor").fill("1.5")
    box(shown, "capacity_factor").press("Enter")

    assert run_cell(page, 3, "print(c.capacity_factor)") == "1.5"
    run_cell(page, 3, "c.capacity_factor = 2.5")
    expect(box(shown, "capacity_factor")).to_have_value("2.5")
    assert page.faults == []


def test_who_takes_too_much_is_stopped_and_the_others_go_on(school: Class) -> None:
    """Three GiB at once are an error in the cell, processes that take three together lose the largest, and so on."""
    ada, ben = school.pages[school.ada], school.pages[school.ben]
    fill(ada, *BLANK)
    fill(ben, *BLANK)
    run_cell(ben, 1, "import torch; mine = torch.arange(5.0)")
    told = run_cell(
        ada,
        1,
        "import torch\n"
        "try:\n    torch.ones(3 << 28)\nexcept RuntimeError as error:\n    print('memory' in str(error))\n"
        "print(torch.get_num_threads(), len(os.sched_getaffinity(0)))",
    )
    assert told.split() == ["True", "1", "1"]

    # Each of these fits. They wait for a word that never comes; the hub ends one as soon as all take too much.
    taker = "import sys; x = bytearray(b'x') * (900 << 20); sys.stdin.read()"
    told = run_cell(
        ada,
        1,
        "import subprocess, sys, time\n"
        f"start = lambda: subprocess.Popen([sys.executable, '-c', {taker!r}], stdin=subprocess.PIPE)\n"
        "takers, end = [start() for _ in range(3)], time.monotonic() + 20\n"
        "while all(each.poll() is None for each in takers) and time.monotonic() < end:\n    time.sleep(0.1)\n"
        "print([each.poll() for each in takers if each.poll() is not None])\n"
        "for each in takers:\n    each.kill()\n    each.wait()",
    )
    assert told in ("[-9]", "[-9, -9]")
    assert f"{school.ada} takes" in school.hub.log.read_text("utf-8")

    told = run_cell(
        ada,
        1,
        "import threading\nheld, threads = threading.Event(), []\n"
        "try:\n    while len(threads) < 1000:\n"
        "        threads.append(threading.Thread(target=held.wait, daemon=True))\n        threads[-1].start()\n"
        "except RuntimeError:\n    pass\n"
        "held.set()\nprint(len(threads))",
    )
    assert 100 < int(told) < 300
    assert run_cell(ben, 2, "print(mine.sum().item())") == "10.0"
    assert run_cell(ada, 2, "print(6 * 7)") == "42"


@pytest.fixture(scope="module")
def returned(school: Class) -> Class:
    """The class after a week: handed out and collected in the browser, graded, and with feedback in the workspaces."""
    hub, page, ada = school.hub, school.pages[school.tina], school.pages[school.ada]
    lesson = small_lesson(hub.log.parent / "lesson", IDS)
    school.put(school.tina, f"course/source/{NAME}/{NAME}.ipynb", assignment(lesson))
    page.reload()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=NAME, exact=True))

    def press(column: str) -> None:
        row.locator(f".{column} a").click()
        expect(page.locator("#success-modal")).to_be_visible()
        page.locator("#success-modal").get_by_role("button", name="OK").click()
        expect(page.locator("#success-modal")).to_have_count(0)

    press("assign")
    press("release")

    ada.get_by_text("Nbgrader", exact=True).click()
    ada.get_by_text("Assignment List", exact=True).click()
    assignments = ada.locator("#assignments")
    assignments.get_by_role("button", name="Fetch", exact=True).click()
    submit = assignments.locator("#fetched_assignments_list").get_by_role("button", name="Submit", exact=True)
    expect(submit).to_be_visible()
    hub.run(school.ben, f"nbgrader fetch_assignment {NAME}")
    answered = nbformat.reads(school.read(school.ada, f"{NAME}/{NAME}.ipynb"), 4)
    for id in IDS:
        cell(answered, f"exercise:{id}").source = find_exercise(id).solution
    school.put(school.ada, f"{NAME}/{NAME}.ipynb", answered)
    submit.click()
    expect(assignments.locator("#submitted_assignments_list")).to_contain_text(NAME)
    take_screenshot(ada, "hub-assignments")
    # Ben hands in his stubs, and claims that they are Ada's.
    hub.run(school.ben, f"nbgrader submit {NAME} --student={school.ada}")

    press("collect")
    hub.run(school.tina, f"cd course && nbgrader autograde {NAME}")
    page.reload()
    press("generate-feedback")
    press("release-feedback")
    take_screenshot(page, "hub-formgrader")
    ada.locator("#refresh_assignments_list").click()
    assignments.get_by_role("button", name="Fetch Feedback").click()
    expect(assignments.get_by_text("view feedback")).to_be_visible()
    return school


def test_each_gets_the_points_and_the_feedback_of_what_they_handed_in(returned: Class) -> None:
    """Ada's solutions have all points, though Ben handed in stubs under her name later; those count as his."""
    code = "from nbgrader.api import Gradebook; b = Gradebook('sqlite:///gradebook.db'); "
    code += f"print(*(f'{{s.student.id}}={{s.score}}' for s in b.assignment_submissions('{NAME}')))"
    told = returned.hub.run(returned.tina, f'cd course && python -c "{code}"')
    full = float(sum(find_exercise(id).points for id in IDS))

    assert set(told.split()) >= {f"{returned.ada}={full}", f"{returned.ben}=0.0"}
    pages = returned.hub.run(returned.ada, f"cat {NAME}/feedback/*/*.html")
    assert f"{full:g}" in pages and "dispatch_weights" in pages


def test_one_student_sees_nothing_of_another_nor_of_the_course(returned: Class) -> None:
    """Homes, submissions, the gradebook, solutions and the hub's own files are closed, and so are others' servers."""
    folder, exchange = returned.hub.folder, returned.hub.folder / "exchange/softmoe"
    closed = [home(returned.ben), f"{home(returned.ben)}/softmoe_lab", exchange / "inbound", exchange / "feedback"]
    closed += [folder / "course", folder / "course/gradebook.db", folder / f"course/source/{NAME}/{NAME}.ipynb"]
    closed += [folder / "state", folder / "state/jupyterhub.sqlite", folder / "passwords.csv", folder / "class.toml"]
    for path in closed:
        assert "Permission denied" in returned.hub.run(returned.ada, f"ls {path}/ || cat {path}", fails=True)
    for path in (folder, folder / "settings", exchange, exchange / "outbound"):
        assert "Permission denied" in returned.hub.run(returned.ada, f"touch {path}/mine", fails=True)

    page = returned.pages[returned.ada]
    own, others = page.context, f"{returned.hub.base}/user/{returned.ben}/api/contents"
    assert own.request.get(others).status == 403
    assert returned.pages[returned.tina].context.request.get(others).status == 403
    assert own.request.get(f"{returned.hub.base}/user/{returned.ada}/formgrader").status == 404


def test_what_was_collected_is_graded_in_isolation_too(returned: Class) -> None:
    """`softmoe-edu grade` takes the folder of what was collected, knows whose it is, and gives the same points."""
    returned.hub.run(returned.tina, "cd course && softmoe-edu grade submitted --lesson 05 --out graded --workers 1")
    lines = returned.read(returned.tina, "course/graded/exercises.csv").splitlines()

    # The other exercise of this assignment is none of lesson 05.
    id = IDS[0]
    for name, share in ((returned.ada, 1), (returned.ben, 0)):
        (line,) = [line for line in lines if name in line and f",{id}," in line]
        assert line.split(",")[4:6] == [f"{share * find_exercise(id).points:g}", f"{find_exercise(id).points}"]


def test_the_hub_itself_is_quiet(returned: Class) -> None:
    """Once it runs, a whole week adds nothing to its log but whose program was ended, and that a machine is slow."""
    lines = returned.hub.log.read_bytes()[returned.hub.begun :].decode().splitlines()
    expected = (f"{returned.ada} takes", "is slow to become responsive", "Event loop was unresponsive")

    assert [line for line in lines if not any(words in line for words in expected)] == []
