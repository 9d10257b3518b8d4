"""A standalone Spark cluster on loopback: a master and workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pyspark
from support.waiting import until

_HOME = Path(pyspark.__file__).parent


def configuration(folder: Path, **settings: str) -> Mapping[str, str]:
    """A folder of Spark's configuration with these settings; what to put into the environment."""
    conf = folder / "conf"
    conf.mkdir(exist_ok=True)
    common = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "4",
    }
    stated = common | {name.replace("__", "."): value for name, value in settings.items()}
    lines = "".join(f"{name} {value}\n" for name, value in stated.items())
    (conf / "spark-defaults.conf").write_text(lines, encoding="utf-8")
    return {"SPARK_CONF_DIR": str(conf), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


def end_of_java() -> None:
    """End the Java process that this one has started, if any: the next reads Spark's configuration anew."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None


class Cluster:
    """Made by `cluster`; ``url`` is the master's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._workers: list[subprocess.Popen[bytes]] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"spark://127.0.0.1:{port}"
        self._master = self._start("master.Master", "--port", str(port))
        until(lambda: _answers(port), "the master of the Spark cluster does not answer")

    def start_worker(self, memory: str = "700m") -> None:
        self._workers.append(self._start("worker.Worker", "--cores", "1", "--memory", memory, self.url))

    def kill_a_worker(self) -> None:
        """SIGKILL for the oldest worker, its executor and its Python processes, which are all in its group."""
        os.killpg(self._workers[0].pid, signal.SIGKILL)
        self._workers.pop(0).wait()

    def stop(self) -> None:
        for process in (*self._workers, self._master):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        # pip's PySpark comes without start-master.sh.
        command = [str(_HOME / "bin/spark-class"), f"org.apache.spark.deploy.{what}", "--host", "127.0.0.1"]
        environment = os.environ | {
            "SPARK_HOME": str(_HOME),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_WORKER_DIR": str(self._folder / "work"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_MASTER_OPTS": "-Dspark.deploy.maxExecutorRetries=50",
            "PYSPARK_PYTHON": sys.executable,
        }
        with open(self._folder / f"{what}-{len(self._workers)}.log", "wb") as log:
            return subprocess.Popen(
                [*command, "--webui-port", "0", *arguments],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A cluster whose logs and working files go to ``folder``; all of its processes end with the block."""
    started = Cluster(folder)
    try:
        for _ in range(workers):
            started.start_worker()
        yield started
    finally:
        started.stop()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
