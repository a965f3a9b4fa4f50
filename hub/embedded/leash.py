"""Runs a program that ends with its parent: `python leash.py --parent PID [...] -- PROGRAM [ARG...]`.

A script of its own, not code between fork and exec in the parent, because the parent may have
threads. Standard library only: it runs with `-I -S`, so it starts in 20 ms.

As root it can also hand the program to another account. `--reach` leaves that account one
capability, to pass through directories that only root may enter (a clone under /root): Postgres
refuses to run as root, and its files have to stay where the user put them.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
# Without it access(2), by which initdb looks for its programs, does not count capabilities.
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
# In the order we prefer them: enter and read, or (all that containers usually keep) pass every check.
REACHING = (2, 1)


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def die_with_parent(signal_number: int, parent: int) -> None:
    """Asks the kernel (Linux) for `signal_number` when the parent dies; ends at once if it is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if parent and os.getppid() != parent:
        sys.exit(0)


def become(uid: int, gid: int, *, reach: bool) -> None:
    """Gives up root for good, all groups included; `reach` keeps one capability across the exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    kept = _reaching_capability() if reach else None
    if kept is not None:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if kept is not None:
        bit = 1 << kept
        sets = (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))
        header = _Header(CAPABILITY_VERSION_3, 0)
        if libc.capset(ctypes.byref(header), sets) != 0:
            raise OSError(ctypes.get_errno(), "capset")
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept, 0, 0)


def _reaching_capability() -> int | None:
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib costs 10 ms at every start
        held = next((int(line.split()[1], 16) for line in status if line.startswith("CapPrm")), 0)
    return next((number for number in REACHING if held >> number & 1), None)


def main(argv: list[str]) -> None:
    """Applies the options, then becomes the program."""
    parser = argparse.ArgumentParser(prog="leash")
    parser.add_argument("--parent", type=int, default=0, help="pid of the caller")
    parser.add_argument("--signal", type=int, default=signal.SIGTERM, help="sent when the caller dies")
    parser.add_argument("--own-group", action="store_true", help="out of reach of Ctrl-C")
    parser.add_argument("--ignore-interrupt", action="store_true", help="the caller tells it when to end")
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--reach", action="store_true")
    parser.add_argument("program", nargs="+")
    args = parser.parse_args(argv)
    if args.own_group:
        os.setpgid(0, 0)
    if args.ignore_interrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if args.uid is not None:
        become(args.uid, args.gid, reach=args.reach)
    # After the change of account, which clears it.
    die_with_parent(args.signal, args.parent)
    os.execv(args.program[0], args.program)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
