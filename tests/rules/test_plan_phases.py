"""Where a plan stands: windows with and without clock times, blanks, and the order of the phases."""

from datetime import date, datetime, time, timedelta

import pytest

from portal.rules.flows.plan import PHASE_LABELS, PHASE_TONES, Phase, PlanState, Window, phase

TICK = timedelta(microseconds=1)
FIRST, LAST = date(2022, 12, 9), date(2022, 12, 13)
WINDOW = Window(FIRST, LAST)
TRAINING = Window(date(2022, 12, 15), date(2022, 12, 16))
EXAM = datetime(2022, 12, 16, 14, 30), datetime(2022, 12, 16, 16, 30)
BLANK = Window(None, None)


def at(moment, *, state=PlanState.PUBLISHED, window=WINDOW, training=TRAINING, exam=EXAM):
    return phase(state, moment, window=window, training=training, exam_starts_at=exam[0], exam_ends_at=exam[1])


class TestWindows:
    """Both days count whole; a clock time ends sharply."""

    @pytest.mark.parametrize(
        ("window", "first", "first_outside"),
        [
            (WINDOW, datetime(2022, 12, 9), datetime(2022, 12, 14)),
            (Window(FIRST, FIRST), datetime(2022, 12, 9), datetime(2022, 12, 10)),
            (Window(FIRST, LAST, time(17)), datetime(2022, 12, 9), datetime(2022, 12, 13, 17)),
            (Window(FIRST, LAST, None, time(9)), datetime(2022, 12, 9, 9), datetime(2022, 12, 14)),
            (Window(FIRST, LAST, time(0)), datetime(2022, 12, 9), datetime(2022, 12, 13)),
            (Window(date(2024, 2, 28), date(2024, 2, 29)), datetime(2024, 2, 28), datetime(2024, 3, 1)),
        ],
    )
    def test_edges(self, window, first, first_outside):
        assert (window.opens_at, window.closes_at) == (first, first_outside)
        assert not window.contains(first - TICK) and window.contains(first)
        assert window.contains(first_outside - TICK) and not window.contains(first_outside)

    @pytest.mark.parametrize("window", [BLANK, Window(FIRST, None), Window(None, LAST), Window(None, None, time(17))])
    def test_a_blank_end_is_never_open(self, window):
        assert not window.is_complete()
        assert not any(window.contains(datetime(2022, 12, day, 12)) for day in range(1, 31))

    def test_a_window_that_ends_before_it_begins_is_never_open(self):
        window = Window(FIRST, FIRST, time(8), time(9))
        assert not any(window.contains(datetime(2022, 12, 9, hour)) for hour in range(24))

    @pytest.mark.parametrize(
        ("inner", "inside"),
        [
            (WINDOW, True),
            (Window(FIRST, LAST, time(17)), True),
            (Window(date(2022, 12, 8), LAST), False),
            (Window(FIRST, date(2022, 12, 14)), False),
            (Window(FIRST, date(2022, 12, 14), time(0)), True),
            (Window(FIRST, None), False),
            (BLANK, False),
        ],
    )
    def test_lying_in_another(self, inner, inside):
        assert inner.lies_in(WINDOW) is inside
        assert not inner.lies_in(BLANK)


class TestPhases:
    """A published plan moves through its phases by the dates alone."""

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            (datetime(2022, 12, 9) - TICK, Phase.PUBLISHED),
            (datetime(2022, 12, 9), Phase.OPEN),
            (datetime(2022, 12, 14) - TICK, Phase.OPEN),
            (datetime(2022, 12, 14), Phase.CLOSED),
            (datetime(2022, 12, 15) - TICK, Phase.CLOSED),
            (datetime(2022, 12, 15), Phase.TRAINING),
            (EXAM[0] - TICK, Phase.TRAINING),
            (EXAM[0], Phase.EXAM),
            (EXAM[1] - TICK, Phase.EXAM),
            (EXAM[1], Phase.TRAINING),  # the last day of the training is not over yet
            (datetime(2022, 12, 17) - TICK, Phase.TRAINING),
            (datetime(2022, 12, 17), Phase.CLOSED),
        ],
    )
    def test_by_date(self, moment, expected):
        assert at(moment) == expected

    @pytest.mark.parametrize("state", [PlanState.DRAFT, PlanState.FINISHED, PlanState.CANCELLED])
    def test_a_decision_beats_the_dates(self, state):
        for moment in (datetime(2022, 12, 1), datetime(2022, 12, 10), EXAM[0], datetime(2023, 1, 1)):
            assert at(moment, state=state) == Phase(state)

    def test_blanks_keep_it_from_opening(self):
        for window in (BLANK, Window(FIRST, None), Window(None, LAST)):
            assert {at(datetime(2022, 12, day), window=window) for day in range(1, 31)} == {Phase.PUBLISHED}

    def test_without_training_and_exam_it_stays_closed(self):
        assert at(datetime(2023, 5, 1), training=BLANK, exam=(None, None)) == Phase.CLOSED

    def test_an_exam_without_an_end_goes_on(self):
        assert at(datetime(2022, 12, 20), exam=(EXAM[0], None)) == Phase.EXAM

    def test_enrolment_beats_a_training_that_has_begun(self):
        assert at(datetime(2022, 12, 10), training=Window(FIRST, LAST)) == Phase.OPEN


def test_every_phase_has_its_word_and_colour():
    assert set(PHASE_LABELS) == set(PHASE_TONES) == set(Phase)
    assert {str(state) for state in PlanState} <= {str(each) for each in Phase}
    assert len(set(PHASE_LABELS.values())) == len(Phase)
