"""What every test needs: the catalogues compiled, and nothing left in shared memory."""

from parvis.core.catalogs import compile_all

compile_all()
