"""What EVERY connector must do, tried against its emulator. Nothing here knows any system.

A test module takes the tests in and says what they run on:

    from tests.connectors.suite import *  # noqa: F403  the common tests

    @pytest.fixture
    def world() -> World: ...

What a connector's capabilities say is not there is skipped, each time with the reason.
"""

from tests.connectors.suite_faults import *  # noqa: F403  one suite in four files
from tests.connectors.suite_reading import *  # noqa: F403
from tests.connectors.suite_roundtrip import *  # noqa: F403
from tests.connectors.suite_writing import *  # noqa: F403
