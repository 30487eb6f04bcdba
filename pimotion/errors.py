"""The failures a caller can handle. Everything else is a bug and ends the process."""


class PimotionError(Exception):
    """Base of all failures that have a sentence for the user."""


class ConfigError(PimotionError):
    """The configuration is wrong.

    Attributes:
        problems: One line each, ``file:line: what, what is allowed, what was found``.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceLost(PimotionError):
    """A source has no more pictures for now.

    Attributes:
        reason: Why, in words for a person; never holds credentials.
        ended: True when the source came to its natural end and opening it again is pointless.
        forbidden: True when our login was refused; some cameras lock out who tries too often.
    """

    def __init__(self, reason: str, *, ended: bool = False, forbidden: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ended = ended
        self.forbidden = forbidden


class PictureError(PimotionError):
    """A picture cannot be decoded, or is larger than pimotion accepts."""


class EventsUnreadable(PimotionError):
    """What is remembered cannot be read now, for example because the disk fails."""


class StartError(PimotionError):
    """The daemon cannot start, for example because a port is in use."""
