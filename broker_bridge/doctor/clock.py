"""What the kernel says of this machine's clock."""

import ctypes
from enum import Enum

TIME_ERROR = 5  # adjtimex(2)
STA_UNSYNC = 0x0040


class Kernel(Enum):
    """Whether somebody sets the clock."""

    SYNCHRONISED = "synchronised"
    ALONE = "alone"
    SILENT = "silent"


def of_kernel() -> Kernel:
    """Only asked, never set."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = (ctypes.c_byte * 256)()  # struct timex is 208 bytes on 64 bit, 128 on 32 bit
    state = libc.adjtimex(ctypes.byref(timex))
    # modes (padded to a long), offset, freq, maxerror, esterror, status
    status = ctypes.c_int.from_buffer(timex, 5 * ctypes.sizeof(ctypes.c_long)).value
    if state < 0:
        return Kernel.SILENT
    return Kernel.ALONE if state == TIME_ERROR or status & STA_UNSYNC else Kernel.SYNCHRONISED
