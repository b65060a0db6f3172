"""A process that compiles the catalogue reads it at once, whatever it had looked up before."""

import gettext as standard
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import gettext, trans_real

from parvis.core import catalogs


def test_what_was_read_before_compiling_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    settings.LOCALE_PATHS = [tmp_path]
    monkeypatch.setattr(catalogs, "LOCALE", tmp_path)
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "one.po").write_text('msgid "A word of a test"\nmsgstr "Un mot d’essai"\n')
    try:
        standard._translations.clear()
        trans_real._translations.clear()
        with translation.override("fr"):
            assert gettext("A word of a test") == "A word of a test"
        catalogs.compile_all()
        with translation.override("fr"):
            assert gettext("A word of a test") == "Un mot d’essai"
    finally:
        standard._translations.clear()
        trans_real._translations.clear()
        translation.activate("fr")
