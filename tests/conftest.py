"""Settings for all tests: no example fails for being slow on a busy machine."""

from hypothesis import settings

settings.register_profile("book", deadline=None)
settings.load_profile("book")
