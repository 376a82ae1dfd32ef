"""nbgrader for students: where assignments are fetched from and handed in."""

from pathlib import Path

c = get_config()
HUB = Path(__file__).resolve().parents[2]

c.CourseDirectory.course_id = "softmoe"
c.Exchange.root = str(HUB / "exchange")
# What is fetched lies beside the lessons, from wherever it is fetched.
c.Exchange.assignment_dir = str(Path.home() / "softmoe_lab")
# The copies of what was submitted lie where nobody else can look, even if this home is open.
c.Exchange.cache = str(Path.home() / "softmoe_lab" / ".softmoe" / "submitted")
# Without its notebook, under the name that it was handed out with, a submission is not graded.
c.ExchangeSubmit.strict = True
