# file: Sources/Ledger/LedgerWriter.swift
# The dictionary's snapshot is taken before the group that it holds is written.
s/^( +)(let frames = encoder\.finish\(\))$/\1\2\n\1snapshotDictionary(after: 1 << 20, on: .group)/
