"""The province's door: plans, notices, review and overview."""

from portal.rules.workflow import Seat
from portal.web.guards import door

blueprint = door("province", {Seat.PROVINCE_CENTRE, Seat.DEPARTMENT}, "/province")

from portal.web.province import (  # noqa: E402, F401 - routes on the blueprint
    accounts,
    cards,
    corrections,
    exams,
    issuing,
    modules,
    notices,
    plans,
    progress,
    questions,
    routes,
    sanction_bars,
    sanctions,
    sessions,
    supervision,
    unfinished,
)
