"""Checks that say which mistake was made, hints, predictions, the clinic: `from softmoe_edu.teaching import check`."""

from softmoe_edu.teaching.calibration import calibration as calibration
from softmoe_edu.teaching.checking import check as check
from softmoe_edu.teaching.checking import use as use
from softmoe_edu.teaching.clinic import clinic as clinic
from softmoe_edu.teaching.hints import hint as hint
from softmoe_edu.teaching.predictions import predict as predict
from softmoe_edu.teaching.predictions import returning as returning
from softmoe_edu.teaching.report import Report as Report
