"""How many fault points were tried in this session, by name of world and kind of fault."""

TALLY: dict[str, int] = {}
"""Written when all of them held: a violation ends its test before."""
