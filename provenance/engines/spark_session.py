"""A Spark session as its users have configured it, and what to say where there cannot be one.

Where Spark is, and who may use it, is Spark's own configuration alone: ``SPARK_CONF_DIR`` with ``spark-defaults.conf``,
``SPARK_REMOTE`` for Spark Connect, or what ``spark-submit`` hands over. Without any of these it runs on this machine.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from provenance.errors import ProvenanceError
from provenance.files import folder_of_process

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CONFIGURED_BY = ("SPARK_CONF_DIR", "SPARK_HOME", "SPARK_REMOTE", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT")
# Of a session that nobody configured: it is of this machine, and nobody else's.
_ON_THIS_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    # Tasks are few here, and each costs time even where it has nothing to do.
    "spark.sql.shuffle.partitions": "8",
}
_Result = TypeVar("_Result")

_STANDARD_ERROR = 2
# Those of this process, which share what Spark has started.
_USERS: list[SparkSession] = []
_TRACEBACK = "Traceback (most recent call last):"
_INSTALL = "install it with `pip install 'dvc-provenance[spark]'`"
_JAVA = "Java 17 or later"
# What Spark says of itself where it has only seen the end of something else.
_JAVA_ENDED = "JAVA_GATEWAY_EXITED"
_STOPPED = "stopped SparkContext"
_A_REASON = re.compile("error|exception", re.IGNORECASE)
# Spark itself would try again for many minutes, without a word.
_CONNECT_SECONDS = 30


@contextmanager
def spark_session() -> Iterator[SparkSession]:
    """A session in which names are this user's own; what it runs on is ended when the last user is done.

    Raises:
        ProvenanceError: PySpark or Java is missing, Spark does not start, or is not where it is said to be.
    """
    require_spark()
    with _interrupted_as_ever():
        session = _started()
    _USERS.append(session)
    try:
        yield session
    finally:
        _USERS.remove(session)
        if not _USERS or _is_remote():
            session.stop()


@contextmanager
def _interrupted_as_ever() -> Iterator[None]:
    """Have Spark, which is started in the block, leave an interrupt to whoever it was left to before.

    PySpark's own handler talks to Java in the middle of another talk, which fails. `spark_session` ends what runs.
    """
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not handler:
            signal.signal(signal.SIGINT, handler)


def awaited(job: Callable[[], _Result]) -> _Result:
    """What the long ``job`` returns: from a thread of its own, so that an interrupt breaks off no talk with Java."""
    done: Future[_Result] = Future()

    def run() -> None:
        try:
            done.set_result(job())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            done.set_exception(error)

    # A daemon, so that nobody waits for it after an interrupt.
    Thread(target=run, name="spark", daemon=True).start()
    return done.result()


def _quiet_py4j() -> None:
    """Have Py4j raise what goes wrong, and not also write it to standard error, with where it was."""
    logging.getLogger().addFilter(_is_not_of_py4j)
    logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return Path(record.pathname).parent.name != "py4j"


def _started() -> SparkSession:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    _quiet_py4j()
    # The workers need this very package: those on this machine have it in this Python.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("provenance")
    said: list[str] | None = None
    try:
        if _is_remote():
            _require_answer()
            return builder.create()
        if any(name in os.environ for name in _CONFIGURED_BY):
            return builder.getOrCreate().newSession()
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        for name, value in _ON_THIS_MACHINE.items():
            builder = builder.config(name, value)
        with _quiet_java() as said:
            return builder.getOrCreate().newSession()
    except (PySparkException, Py4JError, OSError) as error:
        raise ProvenanceError(f"Spark does not start: {_why_not_started(error, said)}") from error


def _why_not_started(error: Exception, said: list[str] | None) -> str:
    """``said``: by Java until then; None: that is on standard error."""
    line = first_line(error)
    if _JAVA_ENDED in line:
        reason = "for the reason above" if said is None else f"({_reason_in(said)})"
        return f"Java ended at once {reason}; the engine spark needs {_JAVA}, and settings that it can read"
    if _STOPPED in line:
        return "it stopped at once; does the cluster that spark.master names answer?"
    return line


def _reason_in(said: list[str]) -> str:
    """The line of what Java ``said`` that tells most of why it ended."""
    stated = (line for line in said if _A_REASON.search(line))
    return next(stated, said[0] if said else "no reason given")


@contextmanager
def _quiet_java() -> Iterator[list[str]]:
    """Keep what Java says on standard error, of a session that nobody configured; where the block fails, its lines.

    It warns of what its user can do nothing about, and before any log level counts. What is wrong later is raised.
    """
    said: list[str] = []
    sys.stderr.flush()
    shown = os.dup(_STANDARD_ERROR)
    with open(folder_of_process() / "spark.log", "a+b") as log:
        try:
            os.dup2(log.fileno(), _STANDARD_ERROR)
            yield said
        except Exception:
            log.seek(0)
            # The shell script that starts Java complains of what it printed, too.
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
            said += [line for line in lines if line and "/spark-class: line " not in line]
            raise
        finally:
            os.dup2(shown, _STANDARD_ERROR)
            os.close(shown)


def _is_remote() -> bool:
    """Whether Spark is reached through Spark Connect."""
    return "SPARK_REMOTE" in os.environ


def first_line(error: Exception) -> str:
    """What an error of Spark's says in one line."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if _TRACEBACK in lines:
        # Of what Python raised in a task; where it did so is indented.
        lines = [line for line in lines[lines.index(_TRACEBACK) + 1 :] if not line[0].isspace()]
    # Of what py4j hands on, the first line says no more than where it was called.
    said = next((line for line in lines if not line.startswith("An error occurred while calling")), "no reason given")
    return said.strip().removeprefix(": ")


def require_spark() -> None:
    """Raise what is missing here for a session.

    Raises:
        ProvenanceError: PySpark or Java is missing.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise ProvenanceError(f"the engine spark needs PySpark, which is not here; {_INSTALL}") from None
    if _is_remote():
        _require_connect()
        return
    # Spark looks nowhere else where this is set.
    home = os.environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").is_file():
        raise ProvenanceError(f"JAVA_HOME is {home}, where there is no bin/java; set it to {_JAVA}, or to nothing")
    if not (home or shutil.which("java")):
        raise ProvenanceError(
            f"the engine spark needs {_JAVA}, which is not here; install it (Debian: `apt-get install "
            "default-jre-headless`) or set JAVA_HOME"
        )


def _require_connect() -> None:
    try:
        import grpc  # noqa: F401
    except ImportError:
        raise ProvenanceError(
            "SPARK_REMOTE is set, and Spark Connect needs packages that are not here; install them with "
            "`pip install 'pyspark[connect]'`"
        ) from None


def _require_answer() -> None:
    """Refuse to wait for a Connect server that does not answer.

    Raises:
        ProvenanceError: no server answers at this address.
    """
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    builder = DefaultChannelBuilder(os.environ["SPARK_REMOTE"])
    with builder.toChannel() as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=_CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            raise ProvenanceError(
                f"SPARK_REMOTE: {builder.endpoint} does not answer within {_CONNECT_SECONDS} seconds; "
                "is a Spark Connect server running there?"
            ) from None
