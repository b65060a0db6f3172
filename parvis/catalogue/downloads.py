"""Files out: each format streamed whole from the version's immutable table."""

import tempfile
from typing import IO

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse

from parvis.catalogue import store
from parvis.catalogue.lists import FORMATS
from parvis.catalogue.models import Version
from parvis.core.errors import NotFound
from parvis.core.i18n import DEFAULT
from parvis.tables import write
from parvis.tables.errors import TableError


def file_name(version: Version, extension: str) -> str:
    """Return the name of a version's file in a format."""
    return f"{version.resource.slug}.{extension}"


def respond(version: Version, extension: str, *, head: bool = False) -> HttpResponseBase:
    """Return the download of a version in a format of FORMATS, as an attachment.

    Its bytes never change, so it may be kept for ever. Raises NotFound for another format.
    """
    if extension not in FORMATS:
        raise NotFound
    try:
        file = store.stored(version)
    except TableError:
        raise NotFound from None
    media_type = FORMATS[extension][1]
    response: HttpResponseBase
    if head:
        response = HttpResponse(content_type=media_type)
    elif extension == "parquet":
        response = FileResponse(file.path.open("rb"), content_type=media_type)
    elif extension == "xlsx":
        response = FileResponse(_spreadsheet(version), content_type=media_type)
    else:
        chunks = write.csv_chunks if extension == "csv" else write.json_chunks
        response = StreamingHttpResponse(
            chunks(file.schema, store.store().open(file)), content_type=media_type
        )
    sizes = {"csv": version.csv_bytes, "parquet": version.bytes}
    if extension in sizes:
        response["Content-Length"] = str(sizes[extension])
    response["Content-Disposition"] = f'attachment; filename="{file_name(version, extension)}"'
    response["Cache-Control"] = "public, max-age=3600"
    response["ETag"] = f'"{version.sha256}.{extension}"'
    return protect(response)


def protect(response: HttpResponseBase) -> HttpResponseBase:
    """Serve a file so that a browser never runs what is in it."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _spreadsheet(version: Version) -> IO[bytes]:
    """Return an open temporary file; it goes when it is closed."""
    file = store.stored(version)
    out = tempfile.TemporaryFile()
    try:
        write.write_xlsx(out, file.schema, store.store().open(file), language=DEFAULT)
    except TableError:
        out.close()
        raise NotFound from None
    out.seek(0)
    return out
