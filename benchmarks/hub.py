"""How long a class waits at its hub: simulated students sign in, open a lesson and run its checks.

python -m benchmarks.hub [--students 30] [--within 60] writes benchmarks/records/hub.json. The hub, its accounts, its
servers and their kernels are real; students talk to it as browsers do, over HTTP and websockets, and think no time at
all. It needs root, as a hub does.
"""

import argparse
import asyncio
import json
import os
import platform
import pwd
import re
import statistics
import sys
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import aiohttp
from yarl import URL

from benchmarks import class_hub
from benchmarks.class_hub import Hub
from softmoe_edu import __version__
from softmoe_edu.files import write_atomically
from softmoe_edu.hub import limits
from softmoe_edu.teaching.exports.lesson import LessonNotebook, chosen

RECORD = Path(__file__).parent / "records" / "hub.json"
PATIENCE_S = 900
FORM = re.compile(r'name="_xsrf" value="([^"]+)"')
STEPS = {
    "page": "from sending the password to having the lesson's page and notebook",
    "kernel": "from asking for a kernel to its first answer",
    "imports": "the lesson's first cell, which imports torch and the widgets",
    "check": "one check of a right answer",
}


class Student:
    """Somebody with a browser of their own."""

    def __init__(self, hub: Hub, name: str, lesson: LessonNotebook, times: dict[str, list[float]]) -> None:
        self.hub, self.name, self.lesson, self.times = hub, name, lesson, times
        self.own = f"{hub.base}/user/{quote(name)}"
        self.path = f"{lesson.name}.ipynb"

    async def attend(self, after: float) -> None:
        """Sign in so many seconds later, open the lesson and run all of its checks."""
        await asyncio.sleep(after)
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
        patience = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=patience) as self.web:
            began = time.perf_counter()
            await self._open()
            self._took("page", began)
            began = time.perf_counter()
            async with await self._kernel() as self.socket:
                await self._answer("kernel_info_request", {})
                self._took("kernel", began)
                await self._run(self._imports(), "imports")
                for place in self.lesson.places:
                    await self._run(place.exercise.solution)
                    passed = await self._run(self.lesson.notebook.cells[place.check].source, "check", "_.passed")
                    assert passed == "True", (self.name, place.exercise.id, passed)

    async def _open(self) -> None:
        async with self.web.get(f"{self.hub.base}/hub/login") as page:
            token = FORM.search(await page.text())[1]
        form = {"username": self.name, "password": self.hub.passwords[self.name], "_xsrf": token}
        place = f"/hub/user-redirect/lab/tree/{self.path}"
        where = f"{self.hub.base}/hub/login"
        async with self.web.post(where, params={"next": place}, data=form) as page:
            text, url = await page.text(), str(page.url)
        # A browser that waits for its server looks again; so does this one.
        while not (url.startswith(self.own) and "jupyter-config-data" in text):
            assert "/hub/" in url, (self.name, url, text[:500])
            await asyncio.sleep(0.5)
            async with self.web.get(f"{self.hub.base}{place}") as page:
                text, url = await page.text(), str(page.url)
        async with self.web.get(f"{self.own}/api/contents/{self.path}") as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()

    async def _kernel(self) -> aiohttp.client._WSRequestContextManager:
        cookies = self.web.cookie_jar.filter_cookies(URL(f"{self.own}/"))
        asked = {"path": self.path, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        headers = {"X-XSRFToken": cookies["_xsrf"].value}
        async with self.web.post(f"{self.own}/api/sessions", json=asked, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            kernel = (await answer.json())["kernel"]["id"]
        return self.web.ws_connect(f"{self.own}/api/kernels/{kernel}/channels", max_msg_size=0, heartbeat=None)

    async def _answer(self, kind: str, content: dict) -> dict:
        """Send a request to the kernel and return the content of its reply."""
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.name, "username": "", "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self.socket.send_json(message)
        async with asyncio.timeout(PATIENCE_S):
            async for received in self.socket:
                answer = json.loads(received.data)
                if answer["channel"] == "shell" and answer["parent_header"].get("msg_id") == header["msg_id"]:
                    return answer["content"]
        raise AssertionError(f"{self.name}: the kernel's socket closed")

    async def _run(self, source: str, step: str = "", expression: str = "None") -> str:
        """Run a cell and return the value of an expression after it."""
        began = time.perf_counter()
        asked = {"code": source, "silent": False, "store_history": True, "user_expressions": {"value": expression}}
        answer = await self._answer("execute_request", asked)
        assert answer["status"] == "ok", (self.name, source, answer.get("evalue"))
        if step:
            self._took(step, began)
        return answer["user_expressions"]["value"]["data"]["text/plain"]

    def _imports(self) -> str:
        cells = (cell.source for cell in self.lesson.notebook.cells if cell.cell_type == "code")
        return next(source for source in cells if source.startswith(("import ", "from ")) and "torch" in source)

    def _took(self, step: str, began: float) -> None:
        self.times[step].append(time.perf_counter() - began)


async def attend(hub: Hub, lesson: LessonNotebook, within: float) -> dict:
    """Let all students of a hub come within so many seconds; return how long each step took, and memory."""
    times: dict[str, list[float]] = defaultdict(list)
    students = [Student(hub, name, lesson, times) for name in hub.students]
    came = [student.attend(within * i / len(students)) for i, student in enumerate(students)]
    users = [pwd.getpwnam(name).pw_uid for name in hub.students]
    watch = asyncio.create_task(largest(users))
    began = time.perf_counter()
    await asyncio.gather(*came)
    took = time.perf_counter() - began
    watch.cancel()
    return {"times": times, "seconds": took, "memory": await watch}


async def largest(users: list[int]) -> int:
    """Return the most memory that these users' programs took together, in bytes, until this is cancelled."""
    most = 0
    try:
        while True:
            found = limits.processes_of(users)
            most = max(most, sum(process.memory for own in found.values() for process in own))
            await asyncio.sleep(2)
    except asyncio.CancelledError:
        return most


def main(argv: list[str] | None = None) -> None:
    """Run a class, print and record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hub", description=__doc__)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--within", type=float, default=60, help="seconds in which all sign in, evenly; 60")
    parser.add_argument("--lesson", default="05")
    parser.add_argument("--output", type=Path, default=RECORD)
    options = parser.parse_args(argv)
    if reason := class_hub.why_not():
        sys.exit(reason)
    (lesson,) = chosen([options.lesson])
    load = os.getloadavg()[0]
    with class_hub.running(1, options.students, memory="2G", cpus=1) as hub:
        found = asyncio.run(attend(hub, lesson, options.within))
    record = {
        "lesson": lesson.name,
        "students": options.students,
        "sign in within, s": options.within,
        "until all were done, s": round(found["seconds"], 1),
        "seconds": {
            step: {
                "what": what,
                "count": len(found["times"][step]),
                "median": round(statistics.median(found["times"][step]), 2),
                "slowest": round(max(found["times"][step]), 2),
            }
            for step, what in STEPS.items()
        },
        "memory of all students, GiB": round(found["memory"] / 2**30, 1),
        "cores": len(os.sched_getaffinity(0)),
        "memory of the machine, GiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load before": round(load, 1),
        "date": datetime.now(UTC).date().isoformat(),
        "software": {
            "softmoe_edu": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "jupyterhub", "jupyterlab", "ipykernel")},
        },
        "machine": f"{platform.system()} {platform.machine()}",
    }
    write_atomically(options.output, json.dumps(record, indent=1).encode() + b"\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
