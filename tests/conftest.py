"""What holds for all tests."""

import os

from hypothesis import settings

# A slow machine is no failed property; and CI repeats itself, so that a red run can be looked into.
settings.register_profile("nswatch", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("nswatch")
