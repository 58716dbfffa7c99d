"""What convoy does for its own TensorFlow (src/native/kernels/caches.h), for a peer's: tells oneDNN of caches that the machine hides."""

import ctypes
import re
import struct


def mend():
    """After the first operation; where oneDNN is not used or knows the caches there is nothing to mend. Sizes are its own for unknown processors."""
    empty = struct.pack("<21I", *([1, 1, 1] + [0] * 7) * 2, 3)
    behind = None
    with open("/proc/self/maps") as maps:
        lines = maps.readlines()
    for line in lines:
        begin, end, access, path = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+\s*(.*)", line).groups()
        begin, end = int(begin, 16), int(end, 16)
        # Data without a file's content lies behind the library's, without its name.
        own = "libtensorflow" in path or (path == "" and begin == behind)
        behind = end if own else None
        if not own or not access.startswith("rw"):
            continue
        at = ctypes.string_at(begin, end - begin).find(empty)
        if at >= 0:
            ctypes.memmove(begin + at, struct.pack("<3I", 32 << 10, 512 << 10, 1 << 20), 12)
