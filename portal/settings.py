"""The only reader of the environment: where data lies, how the server listens; unsafe values stop the start."""

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024

# Keys found in tutorials and in published word lists; a signed cookie under one of them is no proof of anything.
_KNOWN_KEYS = ("secret", "changeme", "change-me", "development", "password", "your-secret-key", "flask", "123456")
_SHORTEST_KEY = 32
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LEVELS = ("debug", "info", "warning", "error", "critical")


class Unsafe(Exception):
    """The portal must not start like this; `message` (Chinese) tells the operator what to change."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything the operator can decide; tests build it directly, everything else through `from_environment()`."""

    data: Path
    secret_key: str = field(default="", repr=False)  # empty only while the instance is not initialised
    demo: bool = False
    testing: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    https: bool = False  # cookies are Secure; true behind a TLS proxy or with a certificate of our own
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trusted_hosts: tuple[str, ...] = ()  # names the portal answers to; empty = any
    trusted_proxies: int = 0  # how many proxies in front may be believed about the client's address
    workers: int = 1
    access_log: bool = True
    log_level: str = "info"
    idle_minutes: int = 30
    session_hours: int = 12
    request_bytes: int = 64 * MIB  # one form with all its files; what one file may be stands in portal.storage.limits
    address: str = ""  # how the portal is reached from outside, for QR codes; empty = derived, see `public_address`

    @property
    def database(self) -> Path:
        """The SQLite file; its -wal and -shm lie beside it."""
        return self.data / "portal.sqlite3"

    @property
    def uploads(self) -> Path:
        """What applicants and offices sent in."""
        return self.data / "uploads"

    @property
    def issued(self) -> Path:
        """The first bytes of every issued document."""
        return self.data / "issued"

    @property
    def backups(self) -> Path:
        """Where `flask backup` writes unless told otherwise."""
        return self.data / "backups"

    @property
    def fonts(self) -> Path:
        """A bureau's own font files (华文楷体 …)."""
        return self.data / "fonts"

    @property
    def incoming(self) -> Path:
        """Unnamed temporary files of requests that are still arriving; on the same disk as the uploads."""
        return self.data / "incoming"

    @property
    def secret_key_file(self) -> Path:
        """64 hexadecimal characters, readable by the portal's own account only."""
        return self.data / "secret_key"

    @property
    def lock_file(self) -> Path:
        """Held (see `portal.lock`) as long as any process of a server lives."""
        return self.data / "server.lock"

    @property
    def public_address(self) -> str:
        """The address printed into QR codes, without a slash at its end: as set, or the first of our host names."""
        if self.address:
            return self.address
        scheme = "https" if self.https else "http"
        return f"{scheme}://{self.trusted_hosts[0]}" if self.trusted_hosts else f"{scheme}://{self.host}:{self.port}"

    @property
    def is_initialised(self) -> bool:
        """Whether `flask init` or `flask demo` has made a key and a database here."""
        return bool(self.secret_key) and self.database.exists()

    @classmethod
    def from_environment(cls, environment: dict[str, str] | None = None) -> "Settings":
        """Settings from PORTAL_* variables (see docs/manual.md); raises Unsafe instead of starting half safe.

        A folder without key and database is a fresh instance: it gets an empty key, with which Flask refuses
        sessions, until `prepare()` is called. A database without its key is refused.
        """
        env = os.environ if environment is None else environment
        demo, testing = _flag(env, "PORTAL_DEMO"), _flag(env, "PORTAL_TESTING")
        live = ROOT / "data" / "live"
        data = Path(env.get("PORTAL_DATA") or (live / "demo" if demo else live)).expanduser().resolve()
        certificate, key = _path(env, "PORTAL_TLS_CERTIFICATE"), _path(env, "PORTAL_TLS_KEY")
        settings = cls(
            data=data,
            demo=demo,
            testing=testing,
            host=env.get("PORTAL_HOST") or "127.0.0.1",
            port=_number(env, "PORTAL_PORT", 8000, 1, 65535),
            https=_flag(env, "PORTAL_HTTPS") or certificate is not None,
            tls_certificate=certificate,
            tls_key=key,
            trusted_hosts=tuple(name.strip() for name in env.get("PORTAL_HOSTS", "").split(",") if name.strip()),
            trusted_proxies=_number(env, "PORTAL_PROXIES", 0, 0, 5),
            workers=_number(env, "PORTAL_WORKERS", len(os.sched_getaffinity(0)), 1, 64),
            access_log=_flag(env, "PORTAL_ACCESS_LOG", default=not demo),
            log_level=(env.get("PORTAL_LOG_LEVEL") or "info").lower(),
            idle_minutes=_number(env, "PORTAL_IDLE_MINUTES", 30, 1, 24 * 60),
            session_hours=_number(env, "PORTAL_SESSION_HOURS", 12, 1, 24),
            request_bytes=_number(env, "PORTAL_REQUEST_MIB", 64, 21, 1000) * MIB,
            address=_address(env, "PORTAL_ADDRESS"),
        )
        settings._refuse_unsafe(clock_shift=env.get("PORTAL_TEST_CLOCK_SHIFT", ""))
        return replace(settings, secret_key=settings._read_key())

    def prepare(self) -> "Settings":
        """Make the data folders (0700) and, at first use, the secret key (0600); returns settings that carry the key.

        Safe to repeat and safe to run twice at once: an existing key is never replaced.
        """
        for folder in (self.data, self.uploads, self.issued, self.backups, self.fonts, self.incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.secret_key_file.exists():
            if self.database.exists():
                raise Unsafe(_lost_key(self))
            self._write_key()
        return replace(self, secret_key=self._read_key())

    def _write_key(self) -> None:
        # Written whole beside its place and linked into it: two first starts at once agree on one key.
        draft = self.data / f".secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, self.secret_key_file)
        finally:
            draft.unlink()

    def _read_key(self) -> str:
        """The key from its file, "" in a fresh instance; raises Unsafe when lost, guessable or readable by others."""
        file = self.secret_key_file
        try:
            mode, key = file.stat().st_mode, file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            if self.database.exists():
                raise Unsafe(_lost_key(self)) from None
            return ""
        except PermissionError:
            raise Unsafe(f"无权读取密钥文件 {file}：请用运行平台的系统账户启动。") from None
        if mode & 0o077:
            raise Unsafe(f"密钥文件 {file} 可被其他系统账户读取：请执行 chmod 600 后重新启动。")
        if is_guessable(key):
            raise Unsafe(f"密钥文件 {file} 的内容过短或可被猜到：请恢复原文件；新建的平台可删除后重新初始化。")
        return key

    def _refuse_unsafe(self, *, clock_shift: str) -> None:
        # Demo accounts sign in with one click: real data must never be served that way, nor demo data as real.
        if self.demo and self.data.name != "demo":
            raise Unsafe(f"演示模式只能使用名为 demo 的数据目录，不能使用 {self.data}：请取消 PORTAL_DEMO。")
        if not self.demo and not self.testing and self.data.name == "demo":
            raise Unsafe(f"{self.data} 是演示数据目录：请设置 PORTAL_DEMO=1，或改用其他数据目录。")
        if clock_shift.strip() not in ("", "0") and not self.testing:
            raise Unsafe("PORTAL_TEST_CLOCK_SHIFT 只用于自动测试：请取消该环境变量后重新启动。")
        if self.testing and (self.host not in _LOOPBACK or self.https):
            raise Unsafe("PORTAL_TESTING 只用于本机自动测试，不能对外提供服务：请取消该环境变量后重新启动。")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise Unsafe("PORTAL_TLS_CERTIFICATE 与 PORTAL_TLS_KEY 必须同时设置。")
        for file in (self.tls_certificate, self.tls_key):
            if file is not None and not file.is_file():
                raise Unsafe(f"找不到 TLS 文件 {file}：请检查路径。")
        if self.log_level not in _LEVELS:
            raise Unsafe(f"PORTAL_LOG_LEVEL 只能是 {'、'.join(_LEVELS)}。")
        if self.data == ROOT or self.data in ROOT.parents or (ROOT / "static") in (self.data, *self.data.parents):
            raise Unsafe(f"数据目录不能是 {self.data}：其中的文件可能被公开，请另选目录。")


def is_guessable(key: str) -> bool:
    """Whether a secret key is short, built from few characters, or contains a key from published lists."""
    return len(key) < _SHORTEST_KEY or len(set(key)) < 8 or any(known in key.lower() for known in _KNOWN_KEYS)


def _lost_key(settings: Settings) -> str:
    return f"数据库 {settings.database} 存在，但密钥文件 {settings.secret_key_file} 丢失：请从备份恢复该文件。"


def _flag(env, name: str, *, default: bool = False) -> bool:
    text = (env.get(name) or "").strip().lower()
    if text == "":
        return default
    if text in ("1", "yes", "true", "on"):
        return True
    if text in ("0", "no", "false", "off"):
        return False
    raise Unsafe(f"{name} 只能是 1 或 0。")


def _number(env, name: str, default: int, least: int, most: int) -> int:
    text = (env.get(name) or "").strip()
    if text == "":
        return default
    # isdecimal() alone would accept full-width digits.
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise Unsafe(f"{name} 应为 {least} 至 {most} 之间的整数。")
    return int(text)


def _address(env, name: str) -> str:
    text = (env.get(name) or "").strip().rstrip("/")
    if text and not _ADDRESS.fullmatch(text):
        raise Unsafe(f"{name} 应为完整网址，如 https://kaoping.example.gov.cn（不带路径）。")
    return text


def _path(env, name: str) -> Path | None:
    text = (env.get(name) or "").strip()
    return Path(text).expanduser().resolve() if text else None
