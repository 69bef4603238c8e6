# file: Sources/Ledger/LedgerSealing.swift
# The tail goes before the manifest names its sealed form.
s/^( +)(do throws\(ManifestFile\.UpdateError\) \{)$/\1try sealer.fileSystem.remove(tail.handle.path)\n\1\2/
