"""A Spark session as its users have configured it, and what to say where there cannot be one.

Where Spark is, and who may use it, is Spark's own configuration alone: ``SPARK_CONF_DIR`` with ``spark-defaults.conf``,
``SPARK_REMOTE`` for Spark Connect, or what ``spark-submit`` hands over. Without any of these it runs on this machine.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ProvenanceError

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
# Those of this process, which share what Spark has started.
_USERS: list[SparkSession] = []
_INSTALL = "install it with `pip install 'dvc-provenance[spark]'`"


@contextmanager
def spark_session() -> Iterator[SparkSession]:
    """A session in which names are this user's own; what it runs on is ended when the last user is done.

    Raises:
        ProvenanceError: PySpark or Java is missing, or Spark does not start.
    """
    _require_spark()
    session = _started()
    _USERS.append(session)
    try:
        yield session
    finally:
        _USERS.remove(session)
        if not _USERS or _is_remote():
            session.stop()


def _started() -> SparkSession:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # The workers need this very package: those on this machine have it in this Python.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("provenance")
    if not any(name in os.environ for name in _CONFIGURED_BY):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        for name, value in _ON_THIS_MACHINE.items():
            builder = builder.config(name, value)
    try:
        return builder.create() if _is_remote() else builder.getOrCreate().newSession()
    except (PySparkException, Py4JError, OSError) as error:
        raise ProvenanceError(f"Spark does not start: {first_line(error)}") from error


def _is_remote() -> bool:
    """Whether Spark is reached through Spark Connect."""
    return "SPARK_REMOTE" in os.environ


def first_line(error: Exception) -> str:
    """What an error of Spark's says in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # Of what py4j hands on, the first line says no more than where it was called.
    said = next((line for line in lines if not line.startswith("An error occurred while calling")), "no reason given")
    return said.removeprefix(": ")


def _require_spark() -> None:
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise ProvenanceError(f"the engine spark needs PySpark, which is not here; {_INSTALL}") from None
    if _is_remote():
        _require_connect()
        return
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").is_file())):
        raise ProvenanceError(
            "the engine spark needs Java 17 or later, which is not here; install it (Debian: `apt-get install "
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
