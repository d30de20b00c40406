"""Instants, ISO 8601 in UTC with milliseconds and Z, and the ids that are made from them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ID_EPOCH = 1_554_470_400_000
"""Milliseconds at which ids begin: three ids of the manual, set beside their dates, point there. [inferred]"""

ID_SHIFT = 24
"""Bits of an id below its milliseconds."""


def moment(seconds: float) -> datetime:
    """Epoch seconds as an instant, cut to the millisecond."""
    return _EPOCH + timedelta(milliseconds=int(seconds * 1000))


def shown(when: datetime) -> str:
    """Such as `2021-11-25T14:46:18.756Z`. [seed]"""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def parsed(text: str) -> datetime:
    """An instant from ISO 8601; without an offset it is UTC. Raises ValueError for anything else."""
    try:
        when = datetime.fromisoformat(text)
        aware = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"out of range: {text!r}") from error
    if not 1000 <= aware.year < 9999:
        raise ValueError(f"out of range: {text!r}")
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)


class Ids:
    """16 lower-case hex digits, growing with time. [seed], order [inferred]"""

    def __init__(self) -> None:
        self._last = 0

    def next(self, seconds: float) -> str:
        """A fresh id for something made at these epoch seconds."""
        at = (int(seconds * 1000) - ID_EPOCH) << ID_SHIFT
        self._last = max(at, self._last + 0x400)
        return f"{self._last:016x}"
