"""What a database is compared with."""

from eventlog.readiness import newest_revision
from eventlog.revisions import shipped_revisions


def test_the_newest_revision_is_the_one_that_alembic_would_come_to():
    assert newest_revision() == shipped_revisions()[-1]
