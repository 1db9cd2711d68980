"""A private PostgreSQL in a temporary directory, and databases made from a migrated template."""
import fcntl
import hashlib
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import psycopg2
import psycopg2.extras

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("QUDAO_BINARY", str(ROOT / "build/dev/qudao"))
PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
SETTINGS = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=200 -c jit=off -c timezone=Asia/Shanghai"
TEMPLATE = "migrated"


def unprivileged():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Cluster:
    """Listens on a Unix socket only. Its time zone is not UTC, so that whoever relies on that is found out."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="qudao-api-")
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres")
        self.data = f"{self.directory}/data"
        self.fill()
        self.start()

    def fill(self):
        copy_prepared(self.data)

    def run(self, program, *arguments):
        command = [PROGRAMS / program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.directory, **unprivileged())

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.directory}/log", "-o", f"-k {self.directory} {SETTINGS}", "start")

    def halt(self, mode="immediate"):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def stop(self):
        self.halt()
        shutil.rmtree(self.directory)

    def url(self, database, user="qudao"):
        return f"postgresql://{user}@/{database}?host={self.directory}"

    def execute(self, statement):
        connection = psycopg2.connect(self.url("postgres", "postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def create(self, name, template=TEMPLATE):
        self.execute(f"create database {name} template {template} owner qudao")
        return Database(self.url(name))

    def drop(self, name):
        self.execute(f"drop database {name} with (force)")


class NewCluster(Cluster):
    """One that has nothing yet."""

    def fill(self):
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")

    def migrate_template(self):
        self.execute("create role qudao login createrole")
        self.execute(f"create database {TEMPLATE} owner qudao")
        environment = {**os.environ, "QUDAO_DATABASE_URL": self.url(TEMPLATE)}
        migrated = subprocess.run([BINARY, "migrate"], env=environment, capture_output=True, text=True)
        assert migrated.returncode == 0, migrated.stderr


def copy(source, target):
    """With the owner and the rights, which PostgreSQL looks at."""
    subprocess.run(["cp", "-a", source, target], check=True)


def copy_prepared(target):
    """Copies the data of a cluster with the migrated template: made once for each build, by whoever comes first."""
    place = ROOT / "build/dev/cluster"
    place.mkdir(parents=True, exist_ok=True)
    data = place / hashlib.sha256(pathlib.Path(BINARY).read_bytes()).hexdigest()[:16]
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            for former in filter(pathlib.Path.is_dir, place.iterdir()):
                shutil.rmtree(former)
            cluster = NewCluster()
            cluster.migrate_template()
            cluster.halt("fast")
            copy(cluster.data, f"{data}.part")
            os.rename(f"{data}.part", data)
            shutil.rmtree(cluster.directory)
        copy(data, target)


class Database:
    """A database, and statements run as its owner behind the server's back."""

    def __init__(self, url):
        self.url = url
        self.connection = None

    def __call__(self, statement, *values):
        if self.connection is None:
            self.connection = psycopg2.connect(self.url, cursor_factory=psycopg2.extras.NamedTupleCursor)
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def close(self):
        if self.connection is not None:
            self.connection.close()
