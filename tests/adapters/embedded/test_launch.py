import os
import signal
import subprocess
import sys

from syncd.adapters.embedded import launch


def run_launch(parent: int, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-I",
        "-S",
        launch.__file__,
        str(parent),
        str(int(signal.SIGTERM)),
        "-",
        program,
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)


def test_a_program_is_executed_with_a_private_umask() -> None:
    ended = run_launch(os.getpid(), "/bin/sh", "-c", "umask; echo $PPID")
    assert ended.returncode == 0
    assert ended.stdout.split() == ["0077", str(os.getpid())]


def test_a_program_is_not_executed_when_its_parent_died_meanwhile() -> None:
    ended = run_launch(1, "/bin/sh", "-c", "echo alive")
    assert (ended.returncode, ended.stdout) == (launch.PARENT_GONE, "")


def test_a_program_that_cannot_be_executed_is_named() -> None:
    ended = run_launch(os.getpid(), "/absent/server")
    assert ended.returncode == launch.CANNOT_EXECUTE
    assert ended.stderr == "cannot execute /absent/server: No such file or directory\n"
