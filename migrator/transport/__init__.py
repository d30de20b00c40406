"""Everything between a connector and the wire: one call over requests, login, pace, retries, cassettes, secrets.

`stack.open_wire` is the one place where the layers meet. Each layer is a function from a Call to an Answer that
wraps another one: client (bytes), session (login), pace (budget), retry (reads only).
"""
