"""An error answer: a status and a sentence. The body is `{"error": "text"}`. [docs of the Build API; by analogy]"""


class Refusal(Exception):
    """The call is refused with `status` (400, 401, 403, 404, 429); nothing was changed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
