"""What a hub does before it starts: read its class, see that nothing is missing, and set who may read what."""

import shutil
import sys
from pathlib import Path

from softmoe_edu.hub import accounts, classroom, needs, rights
from softmoe_edu.hub.classroom import Classroom

LOCAL = ("127.0.0.1", "localhost", "::1")


def ready(folder: Path) -> tuple[Classroom, str]:
    """Return the class of a hub's folder and the proxy's program; exit with sentences where a hub cannot start."""
    try:
        if lacking := needs.missing():
            sys.exit("\n".join(lacking))
        found = classroom.read(folder / classroom.FILE)
        if without := accounts.missing(found):
            sys.exit(
                f"{', '.join(without)}: no such account on this machine. Make them with "
                f"softmoe-edu hub {folder} --accounts, or take them out of {folder / classroom.FILE}"
            )
        rights.give(folder, found)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    if found.ip not in LOCAL and not found.certificate:
        print("Passwords cross the network in plain text: name a certificate and its key in class.toml.", flush=True)
    scheme = "https" if found.certificate else "http"
    print(f"The hub is at {scheme}://{found.ip}:{found.port}; Ctrl-C here stops it and everybody's server.", flush=True)
    return found, str(shutil.which(needs.PROXY))
