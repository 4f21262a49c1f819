"""
What one snapshot may hold and take; what is beyond is skipped and named. The same as in snapshot-format.ts. How many
entries, and how many bytes they are written in, each request says.
"""

import time

PATH_BYTES = 16 << 10
# Apparent size of a file: hashing a sparse one costs its whole length.
FILE_BYTES = 16 << 30
SKIPPED_NAMED = 100
LINE_BYTES = 1 << 20
# Differences in a row before a whole manifest is written.
CHAIN = 64
# A file time lags behind the clock by up to a tick of the kernel: a file that was changed this recently can
# change again without a new time.
YOUNG_NS = 50_000_000


class TimeIsUp(Exception):
    """Too little time is left for this file."""


class Deadline:
    def __init__(self, seconds):
        self.at = time.monotonic() + seconds

    def is_over(self):
        return time.monotonic() > self.at

    def check(self):
        if self.is_over():
            raise TimeIsUp()
