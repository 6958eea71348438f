"""Every error a user can cause, in one small tree.

    OnRecordError
    ├── BadInput      a file, line or setting that cannot be used: says which, what is allowed, what to do
    │   └── Unreadable  a file of the wire, or an item of one, that holds no story
    │       └── NoStory   it is whole, but something else: a picture, a concept, a package
    ├── BadData       an annotation that breaks an invariant (offsets, labels, unknown keys)
    ├── MissingExtra  a feature whose packages are not installed: names the command that installs them
    └── Unavailable   a server, a disk or a network that does not answer now; trying again may help
        └── Busy        another night is at work on the same store

The command line prints these as one line, without a traceback, and exits with status 1 (2 for BadInput).
"""


class OnRecordError(Exception):
    """The root of this project's errors."""


class BadInput(OnRecordError):
    """Something the user gave cannot be used."""


class Unreadable(BadInput):
    """A file of the wire, or an item of one, holds no story: one line of name, place, reason and what is accepted."""


class NoStory(Unreadable):
    """An item is whole, but no text story: a picture, a concept, a package of references."""


class BadData(OnRecordError):
    """Annotated data break an invariant."""


class MissingExtra(OnRecordError):
    """An optional part is not installed."""


class Unavailable(OnRecordError):
    """Something outside the process does not answer."""


class Busy(Unavailable):
    """Another night is at work on the same store."""
