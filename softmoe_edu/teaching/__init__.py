"""Checks that say which mistake was made, hints, predictions, the clinic: `from softmoe_edu.teaching import check`."""

# `check`, `predict` and `clinic` are functions here and packages, too. A package becomes an attribute once, when it is
# first imported, which is done before these lines have ended: the functions stay.
from softmoe_edu.teaching.check.examine import check as check
from softmoe_edu.teaching.check.examine import use as use
from softmoe_edu.teaching.check.report import Report as Report
from softmoe_edu.teaching.clinic.patient import clinic as clinic
from softmoe_edu.teaching.course_map import course_map as course_map
from softmoe_edu.teaching.hints import hint as hint
from softmoe_edu.teaching.predict.asking import predict as predict
from softmoe_edu.teaching.predict.asking import returning as returning
from softmoe_edu.teaching.predict.calibration import calibration as calibration
