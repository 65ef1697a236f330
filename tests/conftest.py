"""What holds for all tests."""

import gc
import os

from hypothesis import settings

# A slow machine is no failed property; and CI repeats itself, so that a red run can be looked into.
settings.register_profile("nswatch", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("nswatch")

# Replays make hardly a garbage cycle: looking for these as often as by default costs a tenth of the time.
gc.set_threshold(100_000, 20, 50)
