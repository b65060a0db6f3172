"""Installs what Parvis needs into this folder; nothing outside it is touched.

    python3 tools/setup.py            what the program needs
    python3 tools/setup.py --dev      and what its tests need

Uses only the standard library, since it runs before anything is installed. What is already
there is left alone: a second run takes a tenth of a second.
"""

# ruff: noqa: S603, T201

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.9"
UV_MINIMUM = (0, 9)
UV_HOME = ROOT / ".venv-uv"
VENV = ROOT / ".venv"
VENDOR = ROOT / "parvis" / "site" / "static" / "vendor"
FONT = "@fontsource-variable/public-sans/files/public-sans-latin-wght-normal.woff2"
# The latin subset of the typeface: every letter of French and English, œ and the euro included.
LATIN = (
    "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
    "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
FACE = f"""@font-face {{
  font-family: "Public Sans";
  font-style: normal;
  font-weight: 100 900;
  font-display: swap;
  src: url("fonts/public-sans-latin.woff2") format("woff2");
  unicode-range: {LATIN};
}}
"""


NO_FACE = "/* The system's fonts. */\n"


def say(words: str) -> None:
    """Print one line at once."""
    print(words, flush=True)


def digest(*parts: Path | str) -> str:
    """Return a hash of files and words: what a stamp holds."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return total.hexdigest()


def _version(command: str) -> tuple[int, ...]:
    try:
        shown = subprocess.run(
            [command, "--version"], capture_output=True, text=True, check=True, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"(\d+)\.(\d+)", shown)
    return (int(found[1]), int(found[2])) if found else ()


def find_uv() -> str:
    """Return a uv that is recent enough: the machine's, else our own, installed by pip."""
    own = str(UV_HOME / "bin" / "uv")
    for command in (shutil.which("uv"), own):
        if command and _version(command) >= UV_MINIMUM:
            return command
    say(f"uv {UV_VERSION}: installing it in {UV_HOME.name}/")
    subprocess.run([sys.executable, "-m", "venv", str(UV_HOME)], check=True)
    (UV_HOME / ".gitignore").write_text("*\n")
    subprocess.run(
        [str(UV_HOME / "bin" / "pip"), "install", "--quiet", f"uv=={UV_VERSION}"], check=True
    )
    return own


def packages(*, dev: bool) -> None:
    """Bring .venv in step with uv.lock. `dev` packages, once there, stay."""
    stamp = VENV / "parvis.stamp"
    base = digest(ROOT / "uv.lock", ROOT / "pyproject.toml")
    known = stamp.read_text().split() if stamp.exists() else []
    dev = dev or "dev" in known
    wanted = [base, "dev"] if dev else [base]
    if known == wanted and (VENV / "bin" / "parvis").exists():
        return
    say("Python packages: installing those of uv.lock in .venv/")
    environment = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(VENV),
    }
    environment.pop("VIRTUAL_ENV", None)
    command = [find_uv(), "sync", "--frozen", "--quiet", *([] if dev else ["--no-dev"])]
    if any(VENV.glob("lib/*/site-packages/pyspark")):  # somebody chose Spark: it stays
        command += ["--group", "spark"]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    stamp.write_text(" ".join(wanted))


def fonts() -> None:
    """Copy the typeface from its npm package; without it, pages use the system's fonts."""
    sheet, stamp = VENDOR / "fonts.css", VENDOR / "fonts.stamp"
    npm = shutil.which("npm") if shutil.which("node") else None
    source = ROOT / "node_modules" / FONT
    how = "npm" if npm else "copy" if source.exists() else "none"
    wanted = digest(ROOT / "package-lock.json", FACE, how)
    if stamp.exists() and stamp.read_text() == wanted and sheet.exists():
        return
    (VENDOR / "fonts").mkdir(parents=True, exist_ok=True)
    if npm:
        say("Typeface: fetching Public Sans with npm")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        failed = subprocess.run(command, cwd=ROOT, check=False).returncode
        if failed or not source.exists():
            say("Typeface: npm could not fetch it, pages use the system's fonts; next time again")
            sheet.write_text(NO_FACE)
            return
    if source.exists():
        shutil.copyfile(source, VENDOR / "fonts" / "public-sans-latin.woff2")
        sheet.write_text(FACE)
    else:
        say("Typeface: Node is not installed, pages use the system's fonts")
        sheet.write_text(NO_FACE)
    stamp.write_text(wanted)


def main() -> int:
    """Install, say how long it took when it was long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what the tests need")
    parser.add_argument("--typeface-only", action="store_true", help="only copy the typeface")
    asked = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 this file runs before uv chooses a Python
        say(f"Parvis needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 1
    started = time.monotonic()
    try:
        if not asked.typeface_only:
            packages(dev=asked.dev)
        fonts()
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd[:4]))
        say(f"Installing stopped: {command} ended with {error.returncode}.")
        return 1
    if time.monotonic() - started > 2:
        say(f"Installed in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
