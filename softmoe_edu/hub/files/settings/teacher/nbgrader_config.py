"""nbgrader for teachers: the course's own settings, and what this hub adds."""

from pathlib import Path

c = get_config()
HUB = Path(__file__).resolve().parents[2]

load_subconfig("nbgrader_config.py", path=str(HUB / "course"))

c.CourseDirectory.course_id = "softmoe"
# The link to the course in the teacher's workspace: the grader's page shows nothing outside of what is served.
c.CourseDirectory.root = str(Path.home() / "softmoe_lab" / "course")
c.Exchange.root = str(HUB / "exchange")
# What is fetched lies beside the lessons, from wherever it is fetched.
c.Exchange.assignment_dir = str(Path.home() / "softmoe_lab")
# Several teachers share the course.
c.CourseDirectory.groupshared = True
# A submission is its owner's, whatever name stands on it.
c.ExchangeFactory.collect = "softmoe_edu.hub.collect.OwnersCollect"
