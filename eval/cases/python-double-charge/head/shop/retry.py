"""Calls that may be made again."""

import functools
import time


def retry(times, pause=0.2):
    """Calls the function again when it raises, at most `times` times in all, and raises what the last call raised.

    Whatever is raised counts. The functions must be such that calling them twice does no harm.
    """

    def decorate(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            for left in range(times - 1, -1, -1):
                try:
                    return function(*args, **kwargs)
                except Exception:
                    if left == 0:
                        raise
                    time.sleep(pause)

        return call

    return decorate
