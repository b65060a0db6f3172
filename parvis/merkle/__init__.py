"""Verifiable ledger, pure: no database, no network, no clock.

Format: C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature and tlog-proof,
RFC 6962 hashes, and Parvis leaves (restricted RFC 8785 JSON with salted commitments).

One module per concept: `canon` bytes of JSON, `commit` salted commitments, `kinds` the table of
leaf kinds, `leaf` one leaf, `tree` hashes and tiles, `proof` inclusion and consistency, `note`
signatures, `checkpoint` signed tree heads, `tlogproof` receipts, `state` and `votes` the recount,
`monitor` rollback and split view, `audit` everything at once.
"""
