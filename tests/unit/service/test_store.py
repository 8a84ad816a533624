from eventlog.bell import BellSettings
from service.config import Settings
from service.store import bell_settings


def test_an_operator_can_turn_notify_off_and_have_the_log_polled_less_often():
    assert bell_settings(Settings(notify=False, poll_s=2)) == BellSettings(notify=False, poll_s=2)


def test_unless_told_otherwise_the_bell_rings_as_it_does_by_default():
    assert bell_settings(Settings()) == BellSettings()
