"""Starts a command that is not trusted: in its own namespaces, with limits. It is a script, and runs in its own process.

    python -I isolation.py '{"folder": …, "shown": […], "command": […], …}'

The command sees a file system that has only the system's libraries, Python and the folder `files` of `folder`, all of it in
memory or read-only. It sees no other processes, and its only network is its own loopback. All this needs Linux 5.12 or later
with user namespaces, but no root. When this process ends, the kernel ends the command and everything that it started.

    this process ── the first process of the namespace ── the command
"""

import ctypes
import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path

WORK = "/work-of-a-learner"
"""The folder of the command inside its file system."""

FAILED = 97
"""The exit code if the command could not be started. Standard error then has the reason; the command cannot write to it."""

_NAMESPACES = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # mounts, IPC, users, processes, network
_MS_BIND, _MS_MOVE, _MS_REC, _MS_PRIVATE = 4096, 8192, 16384, 1 << 18
_MS_NOSUID, _MS_NODEV = 2, 4
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _RDONLY, _NOSUID = 442, -100, 0x8000, 1, 2
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_NOBODY = 65_534
_WORK_SIZE = "size=64m,nr_inodes=10000"
_MOST_FILE_BYTES = 16_000_000
_MOST_OPEN_FILES = 256
_MOST_PROCESSES = 64
"""Threads count, too."""

_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def main() -> None:
    """Does what the module says, or the same without namespaces."""
    given = json.loads(sys.argv[1])
    try:
        if given["is_isolated"]:
            _run_isolated(given)
        else:
            os.chdir(Path(given["folder"], "files"))
            _become(given, _MOST_PROCESSES + _tasks_of_user())
    except OSError as error:
        print(error, file=sys.stderr)
        os._exit(FAILED)


def _run_isolated(given: dict) -> None:
    _enter_namespaces()
    # Only now: a change of the user would undo it.
    _end_with_parent()
    root = Path(given["folder"], "root")
    _make_root(root, given["shown"], Path(given["folder"], "files"))
    _enter_root(root)
    first = os.fork()
    if first == 0:
        _be_first_process(given)
    _end_like(first)


def _be_first_process(given: dict) -> None:
    _end_with_parent()
    try:
        _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV)
    except OSError:
        # Containers do not allow it. Programs work without it.
        pass
    command = os.fork()
    if command == 0:
        os.chdir(WORK)
        _become(given, _MOST_PROCESSES)
    _end_like(command)


def _end_with_parent() -> None:
    """Lets the kernel end this process when the one that started it ends, even by force."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _end_like(process: int) -> None:
    """Waits for a process, and then ends with its exit code. A signal becomes 128 and its number, as in a shell."""
    while True:
        ended, status = os.wait()
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _become(given: dict, most_processes: int) -> None:
    """Replaces this process by the command. Without root inside of the namespace, this drops all capabilities."""
    if sys.platform == "linux":
        _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    limits = {
        resource.RLIMIT_CORE: 0,
        # A little more than its time on the clock, so that the reason is the same for waiting and computing.
        resource.RLIMIT_CPU: given["seconds"] + 5,
        resource.RLIMIT_AS: given["memory_bytes"],
        resource.RLIMIT_FSIZE: _MOST_FILE_BYTES,
        resource.RLIMIT_NOFILE: _MOST_OPEN_FILES,
    }
    # macOS has no list of the processes that the limit would count, too.
    if sys.platform == "linux":
        limits[resource.RLIMIT_NPROC] = most_processes
    for limit, most in limits.items():
        _limit(limit, most)
    # Standard error was for this process. If it is not read, a program that writes much would wait forever.
    os.dup2(1, 2)
    os.execve(given["command"][0], given["command"], given["environment"])


def _limit(limit: int, most: int) -> None:
    hard = resource.getrlimit(limit)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(limit, (most, most))
    except (ValueError, OSError):
        # macOS does not have all of them.
        if sys.platform == "linux":
            raise


def _tasks_of_user() -> int:
    """The number of the user's threads: without a namespace, the limit is for all of them."""
    tasks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == os.getuid():
                tasks += len(os.listdir(process / "task"))
        except OSError:
            continue
    return tasks


def _enter_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    _call("unshare", _NAMESPACES)
    # Not root inside, even for root outside.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user or _NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group or _NOBODY} {group} 1")
    # The command could become root in a namespace inside of this one.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loopback:
        fcntl.ioctl(loopback, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))


def _make_root(root: Path, shown: list[str], files: Path) -> None:
    """Makes the file system of the command in a folder."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID, "size=1m")
    for path in (*shown, *_DEVICES):
        _show(path, root)
    writable = [_inside(root, path) for path in (WORK, "/dev/shm")]
    for folder in (*writable, root / "proc"):
        folder.mkdir(parents=True, exist_ok=True)
    _make_read_only(root)
    for folder in writable:
        _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, _WORK_SIZE)
    shutil.copytree(files, writable[0], dirs_exist_ok=True)


def _make_read_only(root: Path) -> None:
    attributes = struct.pack("4Q", _RDONLY | _NOSUID, 0, 0, 0)
    numbers = map(ctypes.c_long, (_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, len(attributes)))
    function, place, flags, size = numbers
    _call("syscall", function, place, bytes(root), flags, attributes, size)


def _show(path: str, root: Path) -> None:
    """Shows a file, folder or link of the system at the same path in another root."""
    source, target = Path(path), _inside(root, path)
    if not source.exists() or os.path.lexists(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    target.mkdir() if source.is_dir() else target.touch()
    _mount(source, target, None, _MS_BIND | _MS_REC)


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _enter_root(root: Path) -> None:
    os.chdir(root)
    _mount(".", "/", None, _MS_MOVE)
    os.chroot(".")
    os.chdir("/")


def _mount(source: object, target: object, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(str(text)) for text in (source, target, kind, options)]
    _call("mount", *texts[:3], ctypes.c_ulong(flags), texts[3])


def _call(name: str, *arguments: object) -> None:
    """Calls a function of the C library."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


if __name__ == "__main__":
    main()
