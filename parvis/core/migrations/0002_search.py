"""The word index: FTS5 on SQLite, a GIN index over a `simple` tsvector on PostgreSQL."""

from django.db import migrations


def forwards(apps, editor):
    if editor.connection.vendor == "sqlite":
        # The words are stems without accents already: the tokenizer only splits on spaces.
        editor.execute(
            "CREATE VIRTUAL TABLE core_search_fts USING fts5("
            "title_words, words, tokenize = 'unicode61 remove_diacritics 0')"
        )
    else:
        editor.execute(
            "CREATE INDEX core_search_gin ON core_searchentry USING gin "
            "(to_tsvector('simple', title_words || ' ' || words))"
        )


def backwards(apps, editor):
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TABLE core_search_fts")
    else:
        editor.execute("DROP INDEX core_search_gin")


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
