"""How hard the laws are tried: with GUARD_FUZZ=long in the environment, many more examples for each property."""

import os

from hypothesis import settings

settings.register_profile("long", max_examples=5000, deadline=None)
if os.environ.get("GUARD_FUZZ") == "long":
    settings.load_profile("long")
