"""How a hub's course collects: a submission is its owner's, whatever name stands on it."""

import os
import pwd
from typing import Any

from nbgrader.exchange.default import ExchangeCollect


class OwnersCollect(ExchangeCollect):  # type: ignore[misc]  # an extra: its type is unknown
    """nbgrader's collector, which takes the student from the owner of a submission.

    Its name is what the student's own process wrote, and `nbgrader submit --student=SOMEBODY` writes another: nbgrader
    warns of that and collects it as somebody's newest attempt.
    """

    def _path_to_record(self, path: str) -> dict[str, Any]:
        record: dict[str, Any] = super()._path_to_record(path)
        try:
            owner = pwd.getpwuid(os.stat(path).st_uid).pw_name
        except KeyError:
            return record  # the account is gone
        if owner != record["username"]:
            self.log.warning("%s names %s but belongs to %s: it counts as the owner's", path, record["username"], owner)
            record["username"] = owner
        return record
