"""The few ways in which a verb may refuse; each carries a Chinese sentence that says what to do."""


class Refusal(Exception):
    """A verb was refused and nothing was changed; `message` is shown to the user as it is."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


class NotAllowed(Refusal):
    """This actor may not do this now (answered 403)."""


class Stale(Refusal):
    """Somebody else was faster, or the page is older than the record (answered 409)."""


class Invalid(Refusal):
    """What was entered cannot be accepted (answered 422); `field` names the form field the message belongs beside."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field
