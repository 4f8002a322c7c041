"""Does this machine's clock follow a time source? Asked of the kernel: adjtimex(2), which needs no rights to read."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

_STA_UNSYNC, _TIME_ERROR = 0x0040, 5


class _Timex(ctypes.Structure):
    """`struct timex` of <sys/timex.h>; the tail is room for what we do not read."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    ]


@dataclass(frozen=True, slots=True)
class KernelClock:
    """Synchronised or not, and the kernel's bound on the clock's error."""

    synchronised: bool
    error_ms: float


def kernel_clock() -> KernelClock | None:
    """What does the kernel say of its clock? None where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    asked = _Timex(modes=0)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    synchronised = state != _TIME_ERROR and not asked.status & _STA_UNSYNC
    return KernelClock(synchronised, asked.maxerror / 1000)
